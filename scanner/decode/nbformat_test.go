package decode

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// makeNotebooks is a Python program that writes notebooks as Jupyter writes
// them, with the value given in a cell's source, an output, a traceback, an
// HTML output and the metadata.
const makeNotebooks = `
import sys, nbformat
from nbformat import v3, v4

value, folder = sys.stdin.read().strip(), sys.argv[1]

nb = v4.new_notebook(metadata={"papermill": {"parameters": {"ionq_token": value}}})
nb.cells = [
    v4.new_markdown_cell("A title\n\nIONQ_API_KEY=" + value),
    v4.new_code_cell('print("\\u00e9\\t\'x\'")\nprovider = IonQProvider("' + value + '")'),
    v4.new_code_cell("os.environ", outputs=[
        v4.new_output("stream", name="stdout", text="line one\n'IONQ_API_KEY': '" + value + "'\n"),
        v4.new_output("execute_result", execution_count=1, data={"text/html": "<b>IonQ</b> <code>" + value + "</code>"}),
        v4.new_output("display_data", data={"image/png": "iVBORw0KGgo=" * 50}),
        v4.new_output("error", ename="E", evalue="e", traceback=[
            "\x1b[0;31m---\x1b[0m", "\x1b[0;32m----> 1\x1b[0m IonQProvider(\x1b[38;5;124m'" + value + "\x1b[39m')"]),
    ]),
]
nbformat.validate(nb)
nbformat.write(nb, folder + "/v4.ipynb")

sheet = v3.new_worksheet(cells=[v3.new_code_cell('IonQProvider("' + value + '")', outputs=[
    v3.new_output("stream", output_text="IONQ_API_KEY=" + value)])])
nbformat.write(v3.new_notebook(worksheets=[sheet]), folder + "/v3.ipynb", version=3)
`

// python returns a Python that has nbformat. Where QLEAKS_REQUIRE names
// nbformat its absence fails the test, elsewhere it is skipped.
func python(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(name, "-c", "import nbformat").Run() == nil {
			return name
		}
	}
	if slices.Contains(strings.Split(os.Getenv("QLEAKS_REQUIRE"), ","), "nbformat") {
		t.Fatal("QLEAKS_REQUIRE names nbformat, and no python3 here has it")
	}
	t.Skip("no python3 with nbformat here; QLEAKS_REQUIRE=nbformat demands it")
	return ""
}

func TestNotebooksThatJupyterWroteAreReadInAllParts(t *testing.T) {
	folder, value := t.TempDir(), sampleKey(32, "")
	maker := exec.Command(python(t), "-c", makeNotebooks, folder)
	maker.Stdin = strings.NewReader(value)
	if out, err := maker.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, want := range map[string][]Part{
		"v4.ipynb": {{0, "metadata"}, {1, "source"}, {2, "source"}, {3, "output"}, {3, "traceback"}},
		"v3.ipynb": {{1, "source"}, {1, "output"}},
	} {
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		var images int
		got := map[Part]bool{}
		for v, err := range Views(content, name, Options{Images: &images}) {
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			i := strings.Index(string(v.Text), value)
			if i < 0 || v.Part.Name == "" {
				continue
			}
			start, end, _ := v.Locate(i, i+len(value))
			if string(v.Base[start:end]) != value {
				t.Errorf("%s, %v: the place in the file is wrong", name, v.Part)
			}
			got[v.Part] = true
		}
		for _, part := range want {
			if !got[part] {
				t.Errorf("%s: nothing in %v", name, part)
			}
		}
		if name == "v4.ipynb" && images != 1 {
			t.Errorf("%d images, want 1", images)
		}
	}
}
