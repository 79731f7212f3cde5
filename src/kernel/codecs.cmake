# Sources of the codecs, for the room's CMakeLists.txt. The search keeps 64-byte vectors in
# inlined functions only, so what GCC says about passing them between functions is idle.
set(PARE_CODECS codec.c ref/codec_decode.c ref/codec_enc32.c ref/codec_enc16.c)
if(PARE_X86)
  list(APPEND PARE_CODECS x86/codec_decode_avx2.c x86/codec_decode_avx512.c x86/codec_enc32_avx2.c
       x86/codec_enc16_avx2.c x86/codec_enc32_avx512.c x86/codec_enc16_avx512.c)
endif()
set_property(SOURCE ${PARE_CODECS} APPEND PROPERTY COMPILE_OPTIONS -Wno-psabi)
# Sanitizers make the encoders' code so large that they take most of a build. Each access is
# checked by a call instead of in line; and undefined behaviour, which is in the template and
# not in the instruction set, is looked for in the reference only.
if(PARE_SANITIZE MATCHES address)
  set(encoders ${PARE_CODECS})
  list(FILTER encoders INCLUDE REGEX "_enc[0-9]")
  if(PARE_FUZZ) # no fuzz target reaches an encoder
    set_property(SOURCE ${encoders} APPEND PROPERTY COMPILE_OPTIONS
      -fno-sanitize=address,undefined,fuzzer-no-link)
  elseif(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    set_property(SOURCE ${encoders} APPEND PROPERTY COMPILE_OPTIONS
      --param=asan-instrumentation-with-call-threshold=0)
  else()
    set_property(SOURCE ${encoders} APPEND PROPERTY COMPILE_OPTIONS
      -mllvm;-asan-instrumentation-with-call-threshold=0)
  endif()
  list(FILTER encoders EXCLUDE REGEX "^ref/")
  set_property(SOURCE ${encoders} APPEND PROPERTY COMPILE_OPTIONS -fno-sanitize=undefined)
endif()
