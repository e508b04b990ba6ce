#!/bin/bash
# Links the objects in this folder into the layer's program: relink.sh OUTPUT
# build.sh runs it, and so can whoever changed FFmpeg or another library here (LGPL-2.1, section 6): put the
# new library over the old one in this folder. COMPILER_PREFIX names a cross compiler, as aarch64-linux-gnu- does.
set -euo pipefail

output=$(realpath -m "${1:?where to write the program}")
cd "$(dirname "$(realpath "$0")")"

# -static-pie keeps address randomisation in a static program.
"${COMPILER_PREFIX:-}gcc" -static-pie -Wl,--gc-sections,--build-id=none,-z,relro,-z,now,-z,noexecstack \
  -o "$output" multicall.o ffmpeg.o ffprobe.o -Wl,--start-group ./*.a -Wl,--end-group -lm -lpthread
"${COMPILER_PREFIX:-}strip" -s "$output"
