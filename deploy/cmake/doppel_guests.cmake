# Functions in C++ become WebAssembly at build time. Without clang for wasm32 there are no guests, and tests that need one skip.

include_guard(GLOBAL)
find_program(DOPPEL_GUEST_COMPILER NAMES clang++-14 clang++-15 clang++-16 clang++-17 clang++-18 clang++-19 clang++)
find_program(DOPPEL_GUEST_LINKER NAMES wasm-ld-14 wasm-ld-15 wasm-ld-16 wasm-ld-17 wasm-ld-18 wasm-ld-19 wasm-ld)
if(NOT DOPPEL_GUEST_COMPILER OR NOT DOPPEL_GUEST_LINKER)
  message(STATUS "No clang++ with wasm-ld (packages clang-14 and lld-14): no guests are built")
endif()
add_custom_target(guests ALL)

# Also those of `doppel fn build`. The stack comes first in memory, so that overflowing it traps instead of overwriting data.
set(DOPPEL_GUEST_FLAGS --target=wasm32 -std=c++20 -O2 -nostdlib -fno-exceptions -fno-rtti -fno-math-errno -mbulk-memory
  -Wall -Wextra -Wl,--no-entry -Wl,--strip-debug -Wl,--stack-first -Wl,-z,stack-size=16384
  CACHE INTERNAL "Flags of the compiler of guests")

# Where the headers are: beside this file where it is installed, and in the tree otherwise.
cmake_path(SET sdk NORMALIZE ${CMAKE_CURRENT_LIST_DIR}/../sdk/include)
cmake_path(SET tree NORMALIZE ${CMAKE_CURRENT_LIST_DIR}/../../functions)
if(EXISTS ${sdk}/doppel_abi.h)
  set(includes -I${sdk})
else()
  set(includes -I${tree}/sdk/include -I${tree}/abi)
endif()
set(DOPPEL_GUEST_INCLUDES ${includes} CACHE INTERNAL "Headers of guests")

# doppel_guest(NAME SOURCE): SOURCE becomes ${CMAKE_BINARY_DIR}/guests/NAME.wasm, part of the target `guests`.
function(doppel_guest name source)
  if(NOT DOPPEL_GUEST_COMPILER OR NOT DOPPEL_GUEST_LINKER)
    return()
  endif()
  get_filename_component(source ${source} ABSOLUTE)
  set(module ${CMAKE_BINARY_DIR}/guests/${name}.wasm)
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/guests)
  add_custom_command(OUTPUT ${module}
    COMMAND ${DOPPEL_GUEST_COMPILER} ${DOPPEL_GUEST_FLAGS} -Wshadow -Werror -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=
            ${DOPPEL_GUEST_INCLUDES} -MD -MF ${module}.d -MT ${module} -o ${module} ${source}
    DEPENDS ${source} DEPFILE ${module}.d COMMENT "Guest ${name}.wasm" VERBATIM)
  add_custom_target(guest_${name} DEPENDS ${module})
  add_dependencies(guests guest_${name})
endfunction()
