"""Every way in which Python programs touch files leads into the mount, where namespaces exist."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import forerun
from forerun.runner import mount

WAYS = {
    "open": "open('/working/made', 'w').write('x')",
    "os.open": "import os; os.close(os.open('/working/made', os.O_CREAT | os.O_WRONLY))",
    "os.mkdir, os.listdir": "import os; os.mkdir('/working/made'); assert 'made' in os.listdir('/working')",
    "os.rename": "import os; open('/working/a', 'w').close(); os.rename('/working/a', '/working/made')",
    "os.scandir, os.stat": "import os; [os.stat(each) for each in os.scandir('/working')]; os.mkfifo('/working/made')",
    "os.symlink": "import os; os.symlink('/working/in.txt', '/working/made'); open('/working/made').read()",
    "os.chdir": "import os; os.chdir('/working'); open('made', 'w').close(); assert os.getcwd() == '/working'",
    "a path made at run time": "import os; open(os.sep + 'work' + 'ing' + os.sep + 'made', 'w').close()",
    "bytes": "open(b'/working/made', 'wb').close()",
    "pathlib": "import pathlib; (pathlib.Path('/working').resolve() / 'made').write_text('x')",
    "shutil": "import shutil; shutil.copy('/working/in.txt', '/working/made')",
    "glob": "import glob; [path] = glob.glob('/working/*.txt'); open(path.replace('in.txt', 'made'), 'w').close()",
    "tempfile": "import os, tempfile; _, name = tempfile.mkstemp(dir='/working'); os.rename(name, '/working/made')",
    "zipfile": "import zipfile; zipfile.ZipFile('/working/made', 'w').write('/working/in.txt')",
    "sqlite3": "import sqlite3; sqlite3.connect('/working/made').execute('create table t (x)')",
    "mmap": "import mmap; f = open('/working/made', 'w+b'); f.write(b'x'); f.flush(); mmap.mmap(f.fileno(), 1)[0]",
    "a program of the system": "import subprocess; subprocess.check_call(['cp', '/working/in.txt', '/working/made'])",
    "a shell": "import os; assert os.system('cat /working/in.txt > /working/made') == 0",
    "another interpreter": "import subprocess, sys; "
    "subprocess.check_call([sys.executable, '-c', 'open(\"/working/made\", \"w\")'], cwd='/working')",
    "multiprocessing": "import multiprocessing as m; p = m.get_context('fork').Process(target=open, "
    "args=('/working/made', 'w')); p.start(); p.join()",
    "C by ctypes": "import ctypes; libc = ctypes.CDLL(None); assert libc.creat(b'/working/made', 0o600) >= 0",
    "a socket": "import socket; socket.socket(socket.AF_UNIX).bind('/working/made')",
}

LIBRARIES = {
    "numpy": "import numpy; numpy.save('/working/a.npy', [1]); numpy.load('/working/a.npy').tofile('/working/made')",
    "PIL": "from PIL import Image; Image.new('L', (2, 2)).save('/working/made', 'PNG'); "
    "Image.open('/working/made').load()",
    "h5py": "import h5py; h5py.File('/working/made', 'w')['x'] = [1]; assert h5py.File('/working/made')['x'][0] == 1",
    "pyarrow": "import pyarrow as a, pyarrow.parquet as p; p.write_table(a.table({'x': [1]}), '/working/made'); "
    "p.read_table('/working/made')",
    "cv2": "import cv2, numpy; cv2.imwrite('/working/a.png', numpy.zeros((2, 2))); import os; "
    "assert cv2.imread('/working/a.png') is not None; os.rename('/working/a.png', '/working/made')",
}


def goes_into_the_mount(code: str, folder: Path, *, sandbox: bool = False) -> None:
    (folder / "in.txt").write_text("text")
    result = forerun.run(code, mount=("/working", folder), sandbox=sandbox)
    if not mount.can_mount():
        pytest.skip("this system lets nobody make a mount namespace")
    assert isinstance(result, forerun.Succeeded), result.error
    assert os.path.lexists(folder / "made")


@pytest.mark.parametrize("code", WAYS.values(), ids=WAYS.keys())
def test_a_way_leads_into_the_mount(code: str, cache_dir: Path, tmp_path: Path) -> None:
    goes_into_the_mount(code, tmp_path)


@pytest.mark.network
@pytest.mark.parametrize("code", LIBRARIES.values(), ids=LIBRARIES.keys())
def test_a_library_s_way_leads_into_the_mount(code: str, cache_dir: Path, tmp_path: Path) -> None:
    goes_into_the_mount(code, tmp_path)


@pytest.mark.parametrize("name", ["sqlite3", "a program of the system", "C by ctypes", "multiprocessing"])
def test_in_a_sandbox_too(name: str, cache_dir: Path, tmp_path: Path) -> None:
    if not mount.can_separate():
        pytest.skip("this system lets nobody make a process namespace")
    goes_into_the_mount(WAYS[name], tmp_path, sandbox=True)
