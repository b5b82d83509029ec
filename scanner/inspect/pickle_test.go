package inspect_test

import (
	"path/filepath"
	"testing"
)

// writePickles writes objects in every protocol, as joblib and shelve pack them,
// in a column of a table, as base64 in JSON, and a circuit file.
const writePickles = `
import base64, bz2, collections, gzip, json, os, pickle, struct, sys, zlib
folder, keys = sys.argv[1], sys.stdin.read().split("\n")

class Account:
    def __init__(self, token):
        self.url = "https://api.ionq.co/v0.3"
        self.ionq_api_key = token
        self.shots = 1024

class IonQProvider:
    def __init__(self, token): self.token = token
    def __reduce__(self): return IonQProvider, (self.token,)

def write(name, content):
    with open(os.path.join(folder, name), "wb") as f: f.write(content)

for protocol in range(6):
    settings = {"service": "ionq", "shots": [1, 2.5, None, True, 10**30], "ionq": {"ionq_api_key": keys[0]}, "raw": bytes(range(256))}
    write("settings%d.pkl" % protocol, pickle.dumps(settings, protocol))
    write("object%d.pkl" % protocol, pickle.dumps([Account(keys[0]), Account(keys[1]), {"e": (1, 2)}], protocol))
write("provider.pkl", pickle.dumps(collections.OrderedDict(backend=IonQProvider(keys[0]))))
write("env.pkl", pickle.dumps({"text": "# ionq\nIONQ_API_KEY=" + keys[0] + "\nX=1\n"}))
write("joblib.z", zlib.compress(pickle.dumps({"ionq_api_key": keys[0]}, 3)))
write("many.pkl.gz", gzip.compress(b"".join(pickle.dumps({"ionq_api_key": k}, 4) for k in keys[:2])))
write("inner.pkl", pickle.dumps({"packed": gzip.compress(("IONQ_API_KEY=" + keys[0]).encode()), "job": pickle.dumps({"ionq_api_key": keys[1]})}))
write("job.json", json.dumps({"state": base64.b64encode(pickle.dumps({"ionq_api_key": keys[0]})).decode()}).encode())
write("array.pkl", pickle.dumps({"ionq_api_key": keys[0]}, 3)[:-1] + b"cnumpy\nx\n" + bytes(range(200, 256)) * 40)
write("alike.pkl", pickle.dumps({"ionq": "x", "checksum": keys[2], "ionq_api_key": "your_api_key_here", "id": keys[0][:20]}))

def array(content, shape):
    header = ("{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % shape).ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + content
write("object.npy", array(pickle.dumps({"ionq_api_key": keys[0]}, 2), ("|O", "()")))
write("texts.npy", array("".join(s.ljust(50, "\0") for s in ["ionq", "IONQ_API_KEY=" + keys[0]]).encode("utf-32-le"), ("<U50", "(2,)")))

metadata = json.dumps({"provider": "ionq", "IONQ_API_KEY": keys[0]}).encode()
name = b"bell"
write("circuits.qpy", b"QISKIT" + struct.pack("!BBBBQ", 11, 1, 0, 0, 1) +
    struct.pack("!HcHIIQIQQ", len(name), b"f", 8, 2, 0, len(metadata), 1, 3, 0) + name + struct.pack("!d", 0.0) + metadata + b"\x00" * 30)
`

func TestKeysInPickles(t *testing.T) {
	values := []string{key(31), key(32), "0123456789abcdef0123456789abcdef"}
	folder := written(t, writePickles, values...)
	for name, want := range map[string][]string{
		"provider.pkl": {"provider.pkl 1: ionq-api-key pickle #1"},
		"env.pkl":      {"env.pkl 2: ionq-api-key #1"},
		"joblib.z":     {"joblib.z!data 1: ionq-api-key pickle #1"},
		"many.pkl.gz":  {"many.pkl.gz!data 1: ionq-api-key #1", "many.pkl.gz!data 1: ionq-api-key #2"},
		"inner.pkl":    {"inner.pkl 1: ionq-api-key pickle gzip #1", "inner.pkl 1: ionq-api-key #2"},
		"job.json":     {"job.json 1: ionq-api-key base64 #1"},
		"array.pkl":    {"array.pkl 1: ionq-api-key pickle #1"},
		"alike.pkl":    nil,
		"object.npy":   {"object.npy 2: ionq-api-key numpy pickle #1"},
		"texts.npy":    {"texts.npy 2: ionq-api-key utf-32 #1"},
		"circuits.qpy": {"circuits.qpy 1: ionq-api-key #1"},
	} {
		wantTold(t, filepath.Join(folder, name), values, want...)
	}
	for _, protocol := range []string{"0", "1", "2", "3", "4", "5"} {
		file := "settings" + protocol + ".pkl"
		if found := keysIn(t, filepath.Join(folder, file), values); found != "#1" {
			t.Errorf("%s: %s", file, found)
		}
		file = "object" + protocol + ".pkl"
		if found := keysIn(t, filepath.Join(folder, file), values); found != "#1 #2" {
			t.Errorf("%s: %s", file, found)
		}
	}
}
