# The code that measures, as a header: cmake -DDIR=src -DVERSION=0.1.0 -DOUT=pare_code.h -P code_hash.cmake
# defines PARE_CODE, the version and a hash of all sources: records that other code made are not taken for its own.
file(GLOB_RECURSE files RELATIVE ${DIR} ${DIR}/*.c ${DIR}/*.h ${DIR}/*.def)
list(SORT files)
set(all "")
foreach(f ${files})
  file(SHA256 ${DIR}/${f} h)
  string(APPEND all "${f} ${h}\n")
endforeach()
string(SHA256 h "${all}")
string(SUBSTRING ${h} 0 16 h)
file(WRITE ${OUT} "/* made by cmake/code_hash.cmake */\n#define PARE_CODE \"${VERSION}-${h}\"\n")
