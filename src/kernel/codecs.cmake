# Sources of the codecs.
set(PARE_CODECS)
