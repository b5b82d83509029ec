package expression_test

import (
	"testing"

	"github.com/qleaks/qleaks/internal/expression"
)

func TestAnExpressionIsCompiledOnceWhenItIsNeeded(t *testing.T) {
	word := expression.Lazy(`\w+`)
	if got := word().FindString("- word -"); got != "word" {
		t.Errorf("found %q", got)
	}
	if first, second := word(), word(); first != second {
		t.Error("it was compiled twice")
	}
	wrong := expression.Lazy(`(`) // not compiled, so nothing happens
	defer func() {
		if recover() == nil {
			t.Error("a wrong pattern was compiled")
		}
	}()
	wrong()
}
