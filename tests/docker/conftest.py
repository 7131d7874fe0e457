"""The fixtures of the docker ring."""

from docker_bench import (
    docker_bench,
    docker_sandbox,
    each_container_bench,
    engine,
    engine_address,
    gvisor_sandbox,
    images,
    worker_image,
)

__all__ = [
    "docker_bench",
    "docker_sandbox",
    "each_container_bench",
    "engine",
    "engine_address",
    "gvisor_sandbox",
    "images",
    "worker_image",
]
