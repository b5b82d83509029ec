#!/usr/bin/env python3
"""Makes packages for Python and Node.js of the archives of a release.

    packaging/pack.py wheels   DIST OUT     a wheel for each platform
    packaging/pack.py npm      DIST OUT     an npm package for each platform, and qleaks
    packaging/pack.py versions DIST BASE    the lines of action/VERSIONS, to stdout

DIST holds the archives and checksums.txt, as goreleaser leaves them. An archive
whose SHA-256 is not the one in checksums.txt ends it. The packages hold the very
program of the archive and fetch nothing when they are installed. The same archives
always make the same packages. Nothing but the standard library is needed.
"""

import base64
import hashlib
import io
import json
import pathlib
import re
import sys
import tarfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
SUMMARY = "Finds quantum-cloud keys (IonQ, IBM, qBraid) in code, notebooks and Git history"
HOME = "https://github.com/qleaks/qleaks"

# The program is linked statically, so that it runs with any C library. macOS 12
# is the oldest that Go builds for.
WHEEL_TAGS = {
    "linux_amd64": ["manylinux_2_17_x86_64", "manylinux2014_x86_64", "musllinux_1_1_x86_64"],
    "linux_arm64": ["manylinux_2_17_aarch64", "manylinux2014_aarch64", "musllinux_1_1_aarch64"],
    "darwin_amd64": ["macosx_12_0_x86_64"],
    "darwin_arm64": ["macosx_12_0_arm64"],
    "windows_amd64": ["win_amd64"],
    "windows_arm64": ["win_arm64"],
}
NODE_NAMES = {
    "linux_amd64": ("linux", "x64"),
    "linux_arm64": ("linux", "arm64"),
    "darwin_amd64": ("darwin", "x64"),
    "darwin_arm64": ("darwin", "arm64"),
    "windows_amd64": ("win32", "x64"),
    "windows_arm64": ("win32", "arm64"),
}
ARCHIVE = re.compile(r"qleaks_(?P<version>[0-9][0-9A-Za-z.+-]*)_(?P<platform>[a-z]+_[a-z0-9]+)\.(tar\.gz|zip)")
VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(-(alpha|beta|rc)\.[0-9]+)?")


def archives(dist):
    """Yields version, platform, path and digest of each archive that is whole."""
    found = {}
    for line in (dist / "checksums.txt").read_text().splitlines():
        digest, name = line.split()
        match = ARCHIVE.fullmatch(name)
        if not match:
            continue
        if match["platform"] not in WHEEL_TAGS:
            raise SystemExit(f"{name}: no package is known for this platform")
        if not VERSION.fullmatch(match["version"]):
            raise SystemExit(f"{name}: its version is not one of a release")
        path = dist / name
        if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            raise SystemExit(f"{name} is not the archive that checksums.txt names: nothing was made")
        found[match["platform"]] = (match["version"], path, digest)
    if sorted(found) != sorted(WHEEL_TAGS):
        raise SystemExit(f"archives are missing: {sorted(set(WHEEL_TAGS) - set(found))}")
    if len({version for version, _, _ in found.values()}) != 1:
        raise SystemExit("the archives are of several versions")
    for platform in sorted(found):
        version, path, digest = found[platform]
        yield version, platform, path, digest


def member(path, name):
    """Reads one file of an archive."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return archive.read(name)
    with tarfile.open(path) as archive:
        return archive.extractfile(name).read()


def program_of(platform):
    return "qleaks.exe" if platform.startswith("windows_") else "qleaks"


def python_version(version):
    """Writes 1.0.0-rc.1 as Python does: 1.0.0rc1."""
    return re.sub(r"-(alpha|beta|rc)\.", lambda m: {"alpha": "a", "beta": "b", "rc": "rc"}[m[1]], version)


def wheel(version, platform, program, licence):
    """Returns name and content of a wheel (PyPA specification, version 1.0)."""
    version = python_version(version)
    tags = WHEEL_TAGS[platform]
    readme = (HERE / "README.md").read_text()
    info = f"qleaks-{version}.dist-info"
    files = [
        (f"qleaks-{version}.data/scripts/{program_of(platform)}", program, 0o755),
        (
            f"{info}/METADATA",
            f"Metadata-Version: 2.1\nName: qleaks\nVersion: {version}\nSummary: {SUMMARY}\nHome-page: {HOME}\n"
            f"License: Apache-2.0\nRequires-Python: >=3.8\nDescription-Content-Type: text/markdown\n\n{readme}".encode(),
            0o644,
        ),
        (
            f"{info}/WHEEL",
            ("Wheel-Version: 1.0\nGenerator: qleaks\nRoot-Is-Purelib: false\n" + "".join(f"Tag: py3-none-{tag}\n" for tag in tags)).encode(),
            0o644,
        ),
        (f"{info}/LICENSE", licence, 0o644),
    ]
    record = "".join(
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}\n" for name, data, _ in files
    )
    files.append((f"{info}/RECORD", (record + f"{info}/RECORD,,\n").encode(), 0o644))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data, mode in files:
            entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            entry.external_attr = (0o100000 | mode) << 16
            entry.create_system = 3
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return f"qleaks-{version}-py3-none-{'.'.join(tags)}.whl", out.getvalue()


def make_wheels(dist, out):
    out.mkdir(parents=True, exist_ok=True)
    for version, platform, path, _ in archives(dist):
        name, content = wheel(version, platform, member(path, program_of(platform)), member(path, "LICENSE"))
        (out / name).write_bytes(content)
        print(name)


def npm_package(folder, description, files):
    for name, data, mode in files + [("package.json", (json.dumps(description, indent=2) + "\n").encode(), 0o644)]:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(mode)
    print(f"{description['name']} {description['version']}")


def make_npm(dist, out):
    about = {"description": SUMMARY, "homepage": HOME, "repository": {"type": "git", "url": f"git+{HOME}.git"}, "license": "Apache-2.0"}
    packages, licence, version = {}, b"", ""
    for version, platform, path, _ in archives(dist):
        system, processor = NODE_NAMES[platform]
        name, licence = f"@qleaks/{system}-{processor}", member(path, "LICENSE")
        packages[name] = version
        files = [(f"bin/{program_of(platform)}", member(path, program_of(platform)), 0o755), ("LICENSE", licence, 0o644)]
        npm_package(out / f"{system}-{processor}", {"name": name, "version": version, **about, "os": [system], "cpu": [processor], "preferUnplugged": True}, files)
    files = [
        ("bin/qleaks.js", (HERE / "npm" / "qleaks.js").read_bytes(), 0o755),
        ("README.md", (HERE / "README.md").read_bytes(), 0o644),
        ("LICENSE", licence, 0o644),
    ]
    npm_package(out / "qleaks", {"name": "qleaks", "version": version, **about, "bin": {"qleaks": "bin/qleaks.js"}, "engines": {"node": ">=18"}, "optionalDependencies": packages}, files)


def versions(dist, base):
    for version, platform, path, digest in archives(dist):
        print(f"{version} {platform.replace('_', '-')} {digest} {base.rstrip('/')}/{path.name}")


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in ("wheels", "npm", "versions"):
        raise SystemExit(__doc__)
    _, command, dist, target = sys.argv
    if command == "wheels":
        make_wheels(pathlib.Path(dist), pathlib.Path(target))
    elif command == "npm":
        make_npm(pathlib.Path(dist), pathlib.Path(target))
    else:
        versions(pathlib.Path(dist), target)


if __name__ == "__main__":
    main()
