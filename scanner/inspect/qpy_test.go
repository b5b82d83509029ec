package inspect_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/qleaks/qleaks/scanner/source"
)

// qpy is a circuit as Qiskit's format 12 holds it, without instructions, by
// https://quantum.cloud.ibm.com/docs/api/qiskit/qpy.
func qpy(name, metadata string) string {
	var b bytes.Buffer
	write := func(fields ...any) {
		for _, f := range fields {
			_ = binary.Write(&b, binary.BigEndian, f) // a buffer takes all
		}
	}
	b.WriteString("QISKIT")
	write([]uint8{12, 1, 0, 0}, uint64(1), uint8('p'), uint8('q'))
	write(uint16(len(name)), uint8('f'), uint16(8), uint32(2), uint32(0), uint64(len(metadata)), uint32(0), uint64(0))
	b.WriteString(name)
	write(float64(0))
	b.WriteString(metadata)
	write(uint64(0))
	return b.String()
}

func TestKeysInQiskitsCircuitsAreFoundInTheirPlace(t *testing.T) {
	k := key(21)
	content := qpy("bell", fmt.Sprintf(`{"provider": "ionq", "token": "%s"}`, k))
	f := only(t, content, source.Origin{Path: "bell.qpy"})
	if f.Secret.Reveal() != k || f.Occurrences[0].Location.Line != 1 || len(f.Occurrences[0].Location.Way) > 0 {
		t.Errorf("in the metadata: %+v", f.Occurrences[0].Location)
	}
	f = only(t, qpy("ionq_api_key="+k, "{}"), source.Origin{Path: "bell.qpy"})
	if f.Secret.Reveal() != k {
		t.Errorf("in the name: %+v", f.Occurrences[0].Location)
	}
}
