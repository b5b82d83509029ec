package pack

import (
	"errors"
	"fmt"
)

// errTooMany says that an index has more objects than are asked for.
var errTooMany = errors.New("too many objects")

// IDsOf lists the ids in a pack of a store for few objects, by its Info.File,
// in order; an error if there are more than most.
func (s *Store) IDsOf(file string, most int) ([]byte, error) {
	for _, l := range s.layers {
		if l.name != "" && l.info.File == file {
			ids, err := s.idsOf(l, most)
			if err != nil {
				return nil, fmt.Errorf("list objects: %w", err)
			}
			return ids, nil
		}
	}
	return nil, fmt.Errorf("list objects: there is no %s", file)
}

func (s *Store) idsOf(l *layer, most int) ([]byte, error) {
	if l.few == nil {
		if l.ids.len() > most {
			return nil, errTooMany
		}
		return l.ids.ids, nil
	}
	if l.few.count > int64(most) {
		return nil, errTooMany
	}
	f, size, err := l.directory.open(l.name + ".idx")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	x, err := readIndex(f, size, s.options.Width, l.region.size, s.options.Memory)
	if err == nil && (x.unordered || x.repeated || x.badFan) {
		err = errIndex
	}
	if err != nil {
		return nil, err
	}
	return x.ids, nil
}

// InPack reports whether a pack, other than some by their Info.File, has an
// object.
func (s *Store) InPack(id []byte, but map[string]bool) bool {
	for _, l := range s.layers {
		if l.name == "" || but[l.info.File] {
			continue
		}
		if _, ok := l.find(id); ok {
			return true
		}
	}
	return false
}
