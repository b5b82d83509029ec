package rules

import "testing"

func TestTheBuiltInRulesCompile(t *testing.T) {
	set, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	if n := len(set.Rules()); n < 9 {
		t.Errorf("only %d rules", n)
	}
	if set.Width() > maxWidth*2 {
		t.Errorf("evidence width is %d", set.Width())
	}
	t.Logf("width %d, shortest run %d", set.Width(), set.minRun)
}
