# How a room becomes a library, a test program and a fuzz target; and the settings all of them share.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(DOPPEL_SANITIZE "" CACHE STRING "Sanitizers for every target: address,undefined or thread")
option(DOPPEL_FUZZ "Build the fuzz targets (clang)" OFF)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

# The same bits everywhere: no fused multiply-add where the source has two operations.
add_compile_options(-Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Werror -ffp-contract=off
  -ffunction-sections -fdata-sections -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
add_link_options(-Wl,--gc-sections $<$<CONFIG:Release>:-s>)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
if(DOPPEL_SANITIZE)
  add_compile_definitions(_GLIBCXX_ASSERTIONS)  # ends of spans and views, which no sanitizer sees
  add_compile_options(-fsanitize=${DOPPEL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${DOPPEL_SANITIZE})
endif()
if(DOPPEL_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

# doppel_room(NAME [ROOMS room...] [LIBRARIES library...]): the .cpp files of this folder, but main.cpp, as the static library
# doppel_NAME.
# Libraries stay private to the room: their headers may not appear in its own headers.
function(doppel_room name)
  cmake_parse_arguments(ARG "" "" "ROOMS;LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  add_library(doppel_${name} STATIC ${sources})
  target_include_directories(doppel_${name} PUBLIC ${CMAKE_SOURCE_DIR})
  list(TRANSFORM ARG_ROOMS PREPEND doppel_)
  target_link_libraries(doppel_${name} PUBLIC ${ARG_ROOMS} PRIVATE ${ARG_LIBRARIES} Threads::Threads)
endfunction()

# doppel_test(NAME FOLDER [ROOMS room...] [LIBRARIES library...]): the *_test.cpp files of tests/FOLDER as the program
# test_NAME, each test known to CTest under the label of the folder's first part (unit, component).
function(doppel_test name folder)
  cmake_parse_arguments(ARG "" "" "ROOMS;LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${folder}/*.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(test_${name} ${sources})
  list(TRANSFORM ARG_ROOMS PREPEND doppel_)
  target_link_libraries(test_${name} PRIVATE ${ARG_ROOMS} ${ARG_LIBRARIES} GTest::gtest_main)
  target_compile_definitions(test_${name} PRIVATE DOPPEL_SOURCE_DIR="${CMAKE_SOURCE_DIR}" DOPPEL_BINARY_DIR="${CMAKE_BINARY_DIR}")
  string(REGEX MATCH "^[a-z]+" label ${folder})
  set(seconds 120)
  if(DOPPEL_SANITIZE)
    set(seconds 1200)  # instrumented, a simulated fleet takes twenty times as long
  endif()
  gtest_discover_tests(test_${name} PROPERTIES LABELS ${label} TIMEOUT ${seconds} DISCOVERY_MODE PRE_TEST)
endfunction()

# doppel_fuzz(NAME SOURCE [ROOMS room...]): a libFuzzer program fuzz_NAME, built by the target
# fuzzers; nothing unless DOPPEL_FUZZ is on.
function(doppel_fuzz name source)
  cmake_parse_arguments(ARG "" "" "ROOMS" ${ARGN})
  if(NOT DOPPEL_FUZZ)
    return()
  endif()
  if(NOT TARGET fuzzers)
    add_custom_target(fuzzers)
  endif()
  add_executable(fuzz_${name} ${source})
  add_dependencies(fuzzers fuzz_${name})
  list(TRANSFORM ARG_ROOMS PREPEND doppel_)
  target_link_libraries(fuzz_${name} PRIVATE ${ARG_ROOMS})
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
endfunction()
