# Reads {"patterns": {name: expression}, "texts": [[name, text], ...]} and writes
# {"wrong": {name: message}, "found": [[[begin, end], ...], ...]}: which expressions
# Hyperscan refuses, when it is to tell where a match begins, and what it finds.
import ctypes
import json
import sys

hs = ctypes.CDLL("libhs.so.5")
SOM_LEFTMOST, BLOCK = 256, 1


class CompileError(ctypes.Structure):
    _fields_ = [("message", ctypes.c_char_p), ("expression", ctypes.c_int)]


FOUND = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_uint, ctypes.c_ulonglong, ctypes.c_ulonglong, ctypes.c_uint, ctypes.c_void_p
)


def compiled(expression):
    database, error = ctypes.c_void_p(), ctypes.POINTER(CompileError)()
    if hs.hs_compile(expression.encode(), SOM_LEFTMOST, BLOCK, None, ctypes.byref(database), ctypes.byref(error)):
        return None, error.contents.message.decode()
    return database, None


def found(database, text):
    data, scratch, places = text.encode(), ctypes.c_void_p(), []
    if hs.hs_alloc_scratch(database, ctypes.byref(scratch)):
        raise MemoryError
    tell = FOUND(lambda _, begin, end, flags, context: places.append([begin, end]) or 0)
    if hs.hs_scan(database, data, len(data), 0, scratch, tell, None):
        raise ValueError("the scan failed")
    hs.hs_free_scratch(scratch)
    return places


asked = json.load(sys.stdin)
told, databases = {"wrong": {}, "found": []}, {}
for name, expression in asked["patterns"].items():
    databases[name], message = compiled(expression)
    if message:
        told["wrong"][name] = message
for name, text in asked["texts"]:
    told["found"].append(found(databases[name], text) if databases.get(name) else [])
json.dump(told, sys.stdout)
