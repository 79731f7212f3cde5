# Flags and the two words the rooms use: pare_room() and pare_test().
set_property(GLOBAL PROPERTY TARGET_MESSAGES OFF) # "Built target …" says nothing
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

add_library(pare_flags INTERFACE)
target_compile_definitions(pare_flags INTERFACE _GNU_SOURCE)
# No contraction: a product and a sum are two roundings on every machine.
target_compile_options(pare_flags INTERFACE -ffp-contract=off -fno-math-errno -fno-trapping-math
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla
  -Wwrite-strings -Wno-unused-parameter)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(pare_flags INTERFACE -O3)
endif()
if(PARE_SANITIZE)
  target_compile_options(pare_flags INTERFACE -fsanitize=${PARE_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer -g1 -O1) # a file and a line for each frame; more doubles the build
  target_link_options(pare_flags INTERFACE -fsanitize=${PARE_SANITIZE})
endif()
if(PARE_FUZZ) # the fuzzer is blind to what is not built so
  target_compile_options(pare_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(PARE_COVERAGE)
  target_compile_options(pare_flags INTERFACE --coverage -O0 -g)
  target_link_options(pare_flags INTERFACE --coverage)
endif()

# The suffix of a kernel's file chooses its instruction set; nothing else does.
set(PARE_FLAGS_avx2 -mavx2 -mfma -mf16c -mbmi2)
set(PARE_FLAGS_avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni -mavx2 -mfma -mf16c
    -mbmi2 -mprefer-vector-width=512)
string(TOLOWER "${CMAKE_SYSTEM_PROCESSOR}" PARE_ARCH)
if(PARE_ARCH MATCHES "x86_64|amd64")
  set(PARE_X86 ON)
else()
  set(PARE_X86 OFF)
endif()

# pare_room(NAME file.c …): the sources of one room, relative to it.
function(pare_room name)
  add_library(room_${name} OBJECT ${ARGN})
  target_include_directories(room_${name} PRIVATE ${PROJECT_SOURCE_DIR}/include
    ${PROJECT_SOURCE_DIR}/src ${PROJECT_BINARY_DIR}/generated)
  target_link_libraries(room_${name} PRIVATE pare_flags PkgConfig::JANSSON PkgConfig::PCRE2
    PkgConfig::UTF8PROC PkgConfig::CRYPTO PkgConfig::SQLITE PkgConfig::YAML Threads::Threads)
  foreach(file ${ARGN})
    if(file MATCHES "_(avx2|avx512)\\.c$")
      set_property(SOURCE ${file} APPEND PROPERTY COMPILE_OPTIONS ${PARE_FLAGS_${CMAKE_MATCH_1}})
    endif()
  endforeach()
  set_property(GLOBAL APPEND PROPERTY PARE_ROOMS room_${name})
endfunction()

# pare_test(NAME TIER file.c …): one cmocka program, run by CTest, linked to the
# static library with its private doors open. TIER: short, medium or long. One
# that uses threads gets the label "threads", and is run under the thread sanitizer too.
function(pare_test name tier)
  add_executable(test_${name} ${ARGN})
  target_include_directories(test_${name} PRIVATE ${PROJECT_SOURCE_DIR}/include
    ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(test_${name} PRIVATE pare_flags pare_static cmocka)
  target_compile_definitions(test_${name} PRIVATE PARE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  add_test(NAME ${name} COMMAND test_${name} WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
  set(labels ${tier})
  foreach(file ${ARGN})
    if(file MATCHES "^[a-z_0-9]+\\.c$")
      file(STRINGS ${file} uses REGEX "pr_pool_new|pthread_create|n_threads" LIMIT_COUNT 1)
      if(uses)
        list(APPEND labels threads)
      endif()
    endif()
  endforeach()
  list(REMOVE_DUPLICATES labels)
  set_tests_properties(${name} PROPERTIES LABELS "${labels}" SKIP_RETURN_CODE 77 TIMEOUT 600)
endfunction()
