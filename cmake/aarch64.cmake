# For cmake -DCMAKE_TOOLCHAIN_FILE: compile for arm64 elsewhere (Debian: gcc-aarch64-linux-gnu,
# qemu-user). PARE_SYSROOT is a folder with the arm64 packages of the libraries unpacked in it;
# TESTING.md says how to make one.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_SYSROOT "$ENV{PARE_SYSROOT}")
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -L "$ENV{PARE_SYSROOT}")
set(ENV{PKG_CONFIG_SYSROOT_DIR} "$ENV{PARE_SYSROOT}")
set(ENV{PKG_CONFIG_LIBDIR}
  "$ENV{PARE_SYSROOT}/usr/lib/aarch64-linux-gnu/pkgconfig:$ENV{PARE_SYSROOT}/usr/share/pkgconfig")
