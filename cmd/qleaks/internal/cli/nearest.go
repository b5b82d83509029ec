package cli

import "fmt"

// didYouMean returns a hint with the word of a list that is nearest to a wrong
// one, or nothing if none is near.
func didYouMean(wrong string, words []string) []string {
	best, distance := "", len(wrong)/2+1
	for _, w := range words {
		if d := editDistance(wrong, w); d < distance {
			best, distance = w, d
		}
	}
	if best == "" {
		return nil
	}
	return []string{fmt.Sprintf("did you mean %q?", best)}
}

// editDistance counts insertions, deletions and replacements between words.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next := min(diagonal+cost, row[j]+1, row[j+1]+1)
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}
