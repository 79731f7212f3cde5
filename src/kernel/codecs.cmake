# Sources of the codecs, for the room's CMakeLists.txt. The search keeps 64-byte vectors in
# inlined functions only, so what GCC says about passing them between functions is idle.
set(PARE_CODECS codec.c ref/codec_decode.c ref/codec_enc32.c ref/codec_enc16.c)
if(PARE_X86)
  list(APPEND PARE_CODECS x86/codec_decode_avx2.c x86/codec_decode_avx512.c x86/codec_enc32_avx2.c
       x86/codec_enc16_avx2.c x86/codec_enc32_avx512.c x86/codec_enc16_avx512.c)
endif()
set_property(SOURCE ${PARE_CODECS} APPEND PROPERTY COMPILE_OPTIONS -Wno-psabi)
