# Make a C file of the bytes of others: cmake -DOUT=web.c -DFILES=a;b -DNAMES=x;y -P embed.cmake
# defines, for each, `const unsigned char pr_embed_NAME[]` (terminated) and its length without that;
# -DHEADER=x.h where embed.h does not declare them.
if(NOT HEADER)
  set(HEADER embed.h)
endif()
set(text "/* made by cmake/embed.cmake */\n#include \"${HEADER}\"\n")
foreach(file name IN ZIP_LISTS FILES NAMES)
  file(READ ${file} hex HEX)
  string(LENGTH "${hex}" n)
  math(EXPR n "${n} / 2")
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes "${bytes}")
  string(APPEND text "const unsigned char pr_embed_${name}[] = {\n${bytes}0};\n"
                     "const size_t pr_embed_${name}_len = ${n};\n")
endforeach()
file(WRITE ${OUT} "${text}")
