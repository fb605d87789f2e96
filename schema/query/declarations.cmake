# cmake -DFOLDER=schema -DOUT=FILE -P: SHA-256 over every declaration, by name and content.
file(GLOB_RECURSE files RELATIVE ${FOLDER} ${FOLDER}/*.cfg ${FOLDER}/*.json)
list(SORT files)
set(all "")
foreach(file IN LISTS files)
    file(SHA256 ${FOLDER}/${file} hash)
    string(APPEND all "${hash}  ${file}\n")
endforeach()
string(SHA256 total "${all}")
file(WRITE ${OUT} "/* Generated from the declarations in schema/. Do not edit. */\n"
     "#define VITRINE_DECLARATIONS \"${total}\"\n")
