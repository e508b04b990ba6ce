#!/bin/bash
# Builds one small static program that is both ffmpeg and ffprobe, for the extraction's Lambda layer (Amazon Linux 2023).
#
#   build.sh x86_64|aarch64 SOURCES OUT
#
# SOURCES holds the tarballs of sources.txt under the names that file gives them; each is checked again here.
# OUT must not exist. It gets bin/ffmpeg, bin/ffprobe (a symlink), LICENCES/, layer.zip, relink.tar.xz, SHA256SUMS.
# The same compiler makes the same bytes, wherever and whenever it runs. Everything the build says goes to stdout;
# the last line of a failed one says which step failed. toolchain.py knows what must be installed.
set -Eeuo pipefail
umask 022
export LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH=1700000000
export GIT_DIR=/nonexistent # FFmpeg would take its version from a repository that happens to lie around the folder
unset CFLAGS CPPFLAGS CXXFLAGS LDFLAGS MAKEFLAGS MAKELEVEL MFLAGS CC AR PKG_CONFIG_PATH ZIPOPT XZ_OPT TAR_OPTIONS

ARCH=${1:?x86_64 or aarch64}
SOURCES=$(realpath "${2:?the folder with the tarballs}")
OUT=$(realpath -m "${3:?where the result goes}")
HERE=$(dirname "$(realpath "$0")")
JOBS=${JOBS:-2}
STEP=starting

case $ARCH in
  x86_64 | aarch64) ;;
  *) echo "build.sh: unknown architecture $ARCH" && exit 2 ;;
esac
[ "$(uname -s)" = Linux ] || { echo "build.sh: the layer is built on Linux only" && exit 2; }
export COMPILER_PREFIX=
[ "$(uname -m)" = "$ARCH" ] || COMPILER_PREFIX=${ARCH/_/-}-linux-gnu-
GCC=${COMPILER_PREFIX}gcc

WORK=$(mktemp -d "${TMPDIR:-/tmp}/ffprobe-layer.XXXXXX")
DEPS=$WORK/deps
OBJECTS=$WORK/relink
trap 'rm -rf "$WORK"' EXIT
trap 'echo "build.sh: $STEP failed: $BASH_COMMAND"' ERR

# Stack and heap are guarded, unused sections can go, and no path of this machine stays in the result.
HARDENING=(-fPIC -fstack-protector-strong -fstack-clash-protection -D_FORTIFY_SOURCE=2
  -ffunction-sections -fdata-sections "-ffile-prefix-map=$WORK=.")

# unpack NAME: finds the tarball of that name in SOURCES (two rows of one name are two ways to the same files).
unpack() {
  local name sum release pool file
  while read -r name _ sum release pool; do
    [ "$name" = "$1" ] || continue
    for file in "$SOURCES/${release##*/}" "$SOURCES/${pool##*/}"; do
      echo "$sum  $file" | sha256sum --check --status 2>/dev/null || continue
      mkdir "$WORK/$1"
      tar xf "$file" -C "$WORK/$1" --strip-components=1 --no-same-owner
      return
    done
  done <"$HERE/sources.txt"
  echo "build.sh: no tarball of $1 with the right checksum in $SOURCES"
  exit 1
}

# describe NAME VERSION LIBS: the pkg-config file by which FFmpeg's configure finds a library.
describe() {
  printf 'Name: %s\nDescription: %s\nVersion: %s\nCflags: -I%s/include\nLibs: -L%s/lib %s\n' \
    "$1" "$1" "$2" "$DEPS" "$DEPS" "$3" >"$DEPS/lib/pkgconfig/$1.pc"
}

version_of() { awk -v name="$1" '$1 == name { print $2; exit }' "$HERE/sources.txt"; }

build_zlib() {
  cd "$WORK/zlib"
  local unit
  for unit in adler32 crc32 deflate inffast inflate inftrees trees zutil compress uncompr; do
    "$GCC" -O3 "${HARDENING[@]}" -DHAVE_HIDDEN -c "$unit.c" -o "z_$unit.o"
  done
  "${COMPILER_PREFIX}ar" rcsD "$DEPS/lib/libz.a" z_*.o
  cp zlib.h zconf.h "$DEPS/include"
  describe zlib "$(version_of zlib)" -lz
}

# compile_webp FILE: the vector units of libwebp need their own instruction sets; it chooses among them at run time.
compile_webp() {
  local flags=(-DNDEBUG -DWEBP_USE_THREAD -I. -Isrc)
  if [ "$ARCH" = x86_64 ]; then
    flags+=(-DWEBP_HAVE_SSE2 -DWEBP_HAVE_SSE41)
    case $1 in
      *_sse41.c) flags+=(-msse4.1) ;;
      *_avx2.c) flags+=(-mavx2) ;;
    esac
  fi
  "$GCC" -O2 "${HARDENING[@]}" "${flags[@]}" -c "$1" -o "objects/${1//\//_}.o"
}

build_libwebp() {
  cd "$WORK/libwebp"
  mkdir objects
  local file
  for file in sharpyuv/*.c src/enc/*.c src/dsp/*.c src/utils/*.c src/dec/*.c; do compile_webp "$file"; done
  "${COMPILER_PREFIX}ar" rcsD "$DEPS/lib/libwebp.a" objects/*.o
  mkdir "$DEPS/include/webp"
  cp src/webp/*.h "$DEPS/include/webp"
  describe libwebp "$(version_of libwebp)" "-lwebp -lm"
}

build_dav1d() {
  cd "$WORK/dav1d"
  printf '%s\n' "[binaries]" "c='$GCC'" "ar='${COMPILER_PREFIX}ar'" "strip='${COMPILER_PREFIX}strip'" \
    "[host_machine]" "system='linux'" "cpu_family='$ARCH'" "cpu='$ARCH'" "endian='little'" >cross.txt
  local cross=()
  [ -z "$COMPILER_PREFIX" ] || cross=(--cross-file cross.txt)
  meson setup build "${cross[@]}" --default-library=static --buildtype=release -Db_staticpic=true \
    -Denable_tools=false -Denable_tests=false -Dlogging=false -Dxxhash_muxer=disabled -Denable_asm=true \
    -Dc_args="${HARDENING[*]}"
  ninja -j"$JOBS" -C build
  cp build/src/libdav1d.a "$DEPS/lib"
  mkdir "$DEPS/include/dav1d"
  cp include/dav1d/*.h "$DEPS/include/dav1d"
  describe dav1d "$(version_of dav1d)" "-ldav1d -lpthread"
}

# features: the lines of features.txt as configure's switches.
features() { sed -n 's/^\([a-z]\{1,\}\) \(.*\)/--enable-\1=\2/p' "$HERE/features.txt" | tr ' ' ,; }

configure_ffmpeg() {
  cd "$WORK/ffmpeg"
  patch -p1 --fuzz=0 <"$HERE/loopback.patch"
  local switches cross=()
  mapfile -t switches < <(features)
  [ -z "$COMPILER_PREFIX" ] || cross=(--enable-cross-compile "--cross-prefix=$COMPILER_PREFIX" --target-os=linux)
  # --disable-autodetect leaves iconv on, and a static glibc's iconv loads the host's modules when a file names a charset.
  PKG_CONFIG_LIBDIR=$DEPS/lib/pkgconfig ./configure "${cross[@]}" --arch="$ARCH" --prefix=/opt \
    --pkg-config=pkg-config --pkg-config-flags=--static --disable-everything --disable-autodetect --disable-iconv \
    --disable-doc --disable-debug --disable-ffplay --disable-avdevice --disable-postproc \
    --disable-shared --enable-static --enable-pic --enable-pthreads --enable-network \
    --enable-zlib --enable-libdav1d --enable-libwebp "${switches[@]}" \
    --extra-cflags="-I$DEPS/include ${HARDENING[*]}" --extra-ldflags="-L$DEPS/lib -static-pie" | tee configure.log
  grep -q '^License: LGPL version 2.1 or later' configure.log
  sed -i "s#$WORK#.#g" config.h # the configure line ends up in -version
}

# collect PROGRAM OBJECTS...: one object in which only PROGRAM_main is visible, so that both fit into one file.
collect() {
  local program=$1
  shift
  "${COMPILER_PREFIX}ld" -r -o "$OBJECTS/$program.o" "$@"
  "${COMPILER_PREFIX}objcopy" --redefine-sym "main=${program}_main" \
    --keep-global-symbol="${program}_main" "$OBJECTS/$program.o"
}

build_ffmpeg() {
  cd "$WORK/ffmpeg"
  make -j"$JOBS" ffmpeg ffprobe
  local shared=(fftools/cmdutils.o fftools/opt_common.o)
  collect ffprobe "${shared[@]}" fftools/ffprobe.o
  collect ffmpeg "${shared[@]}" fftools/ffmpeg.o fftools/ffmpeg_*.o \
    fftools/objpool.o fftools/sync_queue.o fftools/thread_queue.o
  "$GCC" -O2 "${HARDENING[@]}" -c "$HERE/multicall.c" -o "$OBJECTS/multicall.o"
  cp libav*/libav*.a libsw*/libsw*.a "$DEPS"/lib/*.a "$HERE/relink.sh" "$OBJECTS"
}

glibc_version() {
  printf '#include <features.h>\nglibc __GLIBC__ __GLIBC_MINOR__\n' | "$GCC" -E -P -x c - |
    awk '$1 == "glibc" { print $2 "." $3; found = 1 } END { exit !found }'
}

write_licences() {
  local to=$RESULT/LICENCES glibc name
  mkdir "$to"
  cp "$WORK/ffmpeg/COPYING.LGPLv2.1" "$to/LGPL-2.1.txt"
  cp "$WORK/dav1d/COPYING" "$to/dav1d-BSD-2-Clause.txt"
  cp "$WORK/libwebp/COPYING" "$to/libwebp-BSD-3-Clause.txt"
  cp "$WORK/libwebp/PATENTS" "$to/libwebp-PATENTS.txt"
  sed -n '/Copyright notice/,/madler/p' "$WORK/zlib/README" >"$to/zlib.txt"
  cp "$HERE/loopback.patch" "$to/FFmpeg-changes.patch"
  glibc=$(glibc_version)
  sed "s/@glibc@/$glibc/" "$HERE/notice.txt" >"$to/NOTICE.txt"
  for name in ffmpeg dav1d libwebp zlib; do
    sed -i "s/@$name@/$(version_of "$name")/" "$to/NOTICE.txt"
  done
}

pack() {
  RESULT=$WORK/result
  mkdir -p "$RESULT/bin"
  "$OBJECTS/relink.sh" "$RESULT/bin/ffmpeg"
  ln -s ffmpeg "$RESULT/bin/ffprobe"
  write_licences
  cd "$RESULT"
  find bin LICENCES -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
  find bin LICENCES | sort | zip -q -9 -X -y layer.zip -@ # -y keeps the symlink: Lambda unpacks it as one
  tar c --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner -C "$WORK" relink |
    xz -6 -T1 >relink.tar.xz
  find LICENCES bin layer.zip relink.tar.xz -type f -print0 | sort -z | xargs -0 sha256sum >SHA256SUMS
  mkdir -p "$(dirname "$OUT")"
  mv -T "$RESULT" "$OUT"
}

step() {
  STEP=$1
  echo "== $STEP"
}

# Read whole before it runs: an edit of this file does not change a build under way.
main() {
  mkdir -p "$DEPS/lib/pkgconfig" "$DEPS/include" "$OBJECTS"
  step unpacking
  unpack ffmpeg
  unpack dav1d
  unpack libwebp
  unpack zlib
  step zlib
  build_zlib
  step libwebp
  build_libwebp
  step dav1d
  build_dav1d
  step "configuring FFmpeg"
  configure_ffmpeg
  step FFmpeg
  build_ffmpeg
  step packing
  pack
  cat "$OUT/SHA256SUMS"
}

main
exit 0
