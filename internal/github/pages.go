package github

import (
	"maps"
	"slices"
	"strconv"

	"github.com/google/go-github/v60/github"

	"github.com/qleaks/qleaks/internal/provider"
)

func itoa(n int) string { return strconv.Itoa(n) }

func options(page int) github.ListOptions { return github.ListOptions{Page: page, PerPage: pageSize} }

// nextPage is the number of the next page; 0 if there is none.
func nextPage(answer *github.Response) int {
	if answer == nil {
		return 0
	}
	return answer.NextPage
}

// steady reads a list until the next reading has everything that the one before
// had. Pages are cut by number: what vanishes while they are read hides
// something else, and is missing in the next reading. A single page is of one
// moment.
func steady[T any](read func(page int) (map[string]T, int, error)) ([]T, error) {
	var before map[string]T
	for range passes {
		now, pages, err := once(read)
		if err != nil {
			return nil, err
		}
		if pages == 1 || before != nil && hasAll(now, before) {
			return slices.Collect(maps.Values(now)), nil
		}
		before = now
	}
	return nil, ErrChanging
}

// once reads all pages.
func once[T any](read func(page int) (map[string]T, int, error)) (all map[string]T, pages int, err error) {
	all = map[string]T{}
	for page := 1; ; pages++ {
		part, next, err := read(page)
		if err != nil {
			return nil, pages, err
		}
		maps.Copy(all, part)
		switch {
		case next == 0:
			return all, pages + 1, nil
		case next <= page || pages >= mostPages:
			return nil, pages, provider.ErrUnexpected
		}
		page = next
	}
}

func hasAll[T any](list, other map[string]T) bool {
	for name := range other {
		if _, ok := list[name]; !ok {
			return false
		}
	}
	return true
}
