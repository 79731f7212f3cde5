# Make a C file of the shipped targets: cmake -DOUT=library.c -DFILES=a.yaml;b.yaml -P embed_targets.cmake
# defines target_library[], one row a file, in order of their names, and its length.
set(texts "")
set(rows "")
set(count 0)
foreach(file ${FILES})
  get_filename_component(name ${file} NAME_WLE)
  file(READ ${file} hex HEX)
  string(LENGTH "${hex}" n)
  math(EXPR n "${n} / 2")
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes "${bytes}")
  string(APPEND texts "static const unsigned char text_${count}[] = {\n${bytes}0};\n")
  string(APPEND rows "    {\"${name}\", text_${count}, ${n}},\n")
  math(EXPR count "${count} + 1")
endforeach()
file(WRITE ${OUT} "/* made by cmake/embed_targets.cmake */\n#include \"fields.h\"\n${texts}"
     "const target_shipped target_library[] = {\n${rows}};\nconst size_t target_library_len = ${count};\n")
