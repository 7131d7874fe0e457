#!/usr/bin/env bash
# Build both images, manimatic-backend and manimatic-worker, and print their sizes and ids. Arguments go to `docker build`.
# The engine is the one that DOCKER_HOST names. What this machine's apt, pip and proxies are set to is passed to the
# build as a secret, which stays in no layer. BUILD_NETWORK=default builds without the host's network. BUILD_SIZES=off
# leaves the sizes out; the compressed ones take half a minute. BUILD_SERVERS=on builds the servers of
# docker-compose.production.yml too: manimatic-proxy, manimatic-postgres and manimatic-redis.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export DOCKER_BUILDKIT=1

if ! docker build --help >/dev/null 2>&1; then
    echo "build.sh: docker cannot build here; it needs the engine and BuildKit (package docker-buildx, or docker.io before 23)." >&2
    exit 69
fi
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
script/base-image
python3 -B script/studio.py || echo "build.sh: the images are built without the studio page." >&2
python3 -B script/package_settings.py "$work/package-settings"
options=(--network "${BUILD_NETWORK:-host}")
if [ -e "$work/package-settings" ]; then
    options+=(--secret "id=package-settings,src=$work/package-settings")
fi
docker build "${options[@]}" "$@" -f backend/Dockerfile.backend -t manimatic-backend .
docker build "${options[@]}" "$@" -f worker/Dockerfile.worker -t manimatic-worker .
images=(manimatic-backend manimatic-worker)
if [ "${BUILD_SERVERS:-off}" = on ]; then
    for image in manimatic-proxy manimatic-postgres manimatic-redis; do
        docker build "${options[@]}" "$@" -f deploy/Dockerfile.servers --target "$image" -t "$image" .
        images+=("$image")
    done
fi
if [ "${BUILD_SIZES:-on}" = off ]; then
    exit 0
fi

printf '\n%-18s %12s %12s  %s\n' image size compressed id
for image in "${images[@]}"; do
    id="$(docker image inspect --format '{{.Id}}' "$image")"
    bytes="$(docker image inspect --format '{{.Size}}' "$image")"
    packed="$(docker save "$image" | gzip -1 | wc -c)"
    printf '%-18s %9d MB %9d MB  %s\n' "$image" $((bytes / 1000000)) $((packed / 1000000)) "$id"
done
