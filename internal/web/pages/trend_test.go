package pages_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// Of two runs at once the one that began first may end last: the drawing goes from
// left to right all the same.
func TestTheTrendGoesForward(t *testing.T) {
	w := newWorld(t)
	w.fill(plainNames())
	w.spread()
	if _, err := w.store.SQL().ExecContext(t.Context(), "UPDATE runs SET ended = ended + 259200000000 WHERE seq = 1"); err != nil {
		t.Fatal(err)
	}
	area := regexp.MustCompile(`class="area-active" points="([^"]*)"`).FindStringSubmatch(w.get("/", http.StatusOK))
	if area == nil {
		t.Fatal("there is no drawing")
	}
	points := strings.Fields(area[1])
	last := -1
	for _, point := range points[:len(points)-2] { // two more close the area below
		var x, y int
		if _, err := fmt.Sscanf(point, "%d,%d", &x, &y); err != nil || x < last {
			t.Errorf("%s: after %d comes %d, %v", area[1], last, x, err)
		}
		last = x
	}
}
