# What "make install" puts where: the program and its helper, both libraries, the headers, the
# man page, completions, and the two descriptions by which others find libpare
# (find_package(pare), pkg-config). All of them are relocatable: what they name
# is relative to where they lie.
include(CMakePackageConfigHelpers)
set(PARE_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/pare)

install(TARGETS pare_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS pare_runner RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/pare)
install(FILES runners/mlx_runner.py DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/pare)
install(TARGETS pare EXPORT pare_shared LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS pare_static EXPORT pare_static ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/pare DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
# Compiled in; here to be read, and to be copied for one's own.
install(DIRECTORY targets rules DESTINATION ${CMAKE_INSTALL_DATADIR}/pare FILES_MATCHING PATTERN "*.yaml")
install(FILES data/advisories.yaml policies/readiness.yaml DESTINATION ${CMAKE_INSTALL_DATADIR}/pare)
install(FILES docs/pare.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)

# Two export sets: who links the shared library needs none of its dependencies.
install(EXPORT pare_shared NAMESPACE pare:: DESTINATION ${PARE_CMAKE_DIR} FILE pare-shared.cmake)
install(EXPORT pare_static NAMESPACE pare:: DESTINATION ${PARE_CMAKE_DIR} FILE pare-static.cmake)
configure_package_config_file(cmake/pare-config.cmake.in ${PROJECT_BINARY_DIR}/pare-config.cmake
  INSTALL_DESTINATION ${PARE_CMAKE_DIR})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/pare-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/pare-config.cmake ${PROJECT_BINARY_DIR}/pare-config-version.cmake
  DESTINATION ${PARE_CMAKE_DIR})

file(RELATIVE_PATH PARE_PC_UP /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/pare.pc.in ${PROJECT_BINARY_DIR}/pare.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/pare.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# Completions are made by the program itself, when it is installed.
if(NOT CMAKE_CROSSCOMPILING)
  install(CODE "
    foreach(row bash:bash-completion/completions/pare zsh:zsh/site-functions/_pare
                fish:fish/vendor_completions.d/pare.fish)
      string(REGEX MATCH \"^([a-z]+):(.*)/([^/]+)$\" _ \"\${row}\")
      set(shell \${CMAKE_MATCH_1})
      set(dir \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATADIR}/\${CMAKE_MATCH_2}\")
      file(MAKE_DIRECTORY \"\${dir}\")
      execute_process(COMMAND \"$<TARGET_FILE:pare_program>\" completion \${shell}
        OUTPUT_FILE \"\${dir}/\${CMAKE_MATCH_3}\" COMMAND_ERROR_IS_FATAL ANY)
    endforeach()")
endif()
