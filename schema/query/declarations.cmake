# cmake -DFOLDER=schema -DOUT=FILE -P: SHA-256 over every declaration, by name and content, and over
# the engine: the declarations and the code that answers from them.
function(hash_files ret)
    set(all "")
    foreach(pattern IN LISTS ARGN)
        list(APPEND patterns ${FOLDER}/${pattern})
    endforeach()
    file(GLOB_RECURSE files RELATIVE ${FOLDER} ${patterns})
    list(SORT files)
    foreach(file IN LISTS files)
        file(SHA256 ${FOLDER}/${file} hash)
        string(APPEND all "${hash}  ${file}\n")
    endforeach()
    string(SHA256 total "${all}")
    set(${ret} ${total} PARENT_SCOPE)
endfunction()

hash_files(declarations *.cfg *.json)
hash_files(engine *.cfg *.json *.c *.h *.def)
file(WRITE ${OUT} "/* Generated from the declarations in schema/. Do not edit. */\n"
     "#define VITRINE_DECLARATIONS \"${declarations}\"\n"
     "#define VITRINE_ENGINE \"${engine}\"\n")
