package gitsource

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// vet looks at every name in an object directory. It returns the directory to
// show to git: the given one if all is well, else one of links to what is.
func (s *stand) vet(r *Repository, dir string, at int) (show string, alternates []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", nil, fmt.Errorf("object directory: %w", err)
	}
	v := vetting{stand: s, untrusted: r.options.Untrusted, boundary: r.places.boundary, mirror: filepath.Join(s.dir, fmt.Sprintf("objects-%d", at))}
	if data, err := r.readFile(dir, "info/alternates"); err == nil {
		// Git would follow the list by itself.
		alternates = parseAlternates(data, dir)
		v.needed = len(alternates) > 0
	} else if exists(filepath.Join(dir, "info", "alternates")) {
		v.refuse("info/alternates", "cannot be read and is not followed")
	}
	for _, e := range entries {
		if e.Name() == "pack" || isFanOut(e.Name()) {
			v.part(dir, e.Name())
		}
	}
	if !v.needed {
		return dir, alternates, nil
	}
	return v.mirror, alternates, v.build(dir)
}

func isFanOut(name string) bool {
	if len(name) != 2 {
		return false
	}
	for _, c := range []byte(name) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// vetting is the look at one object directory.
type vetting struct {
	stand     *stand
	untrusted bool
	boundary  string
	// mirror is where links to the good parts go, if needed.
	mirror string
	needed bool
	// parts maps directories to the files that are good, nil for all.
	parts map[string][]string
}

func (v *vetting) refuse(name, what string) {
	v.needed = true
	v.stand.refusals = append(v.stand.refusals, "objects/"+name+": "+what)
}

// part looks at "pack" or a directory of loose objects.
func (v *vetting) part(dir, name string) {
	if v.parts == nil {
		v.parts = map[string][]string{}
	}
	path := filepath.Join(dir, name)
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() || v.untrusted && !within(v.boundary, path) {
		v.refuse(name, "is no directory or leads out of the repository")
		return
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		v.stand.refusals = append(v.stand.refusals, "objects/"+name+" cannot be listed")
	}
	good := make([]string, 0, len(entries))
	for _, e := range entries {
		if size, ok := v.file(path, e); ok && v.pack(path, e.Name()) {
			good = append(good, e.Name())
			v.stand.bytes += size
		}
	}
	if len(good) == len(entries) {
		good = nil
	}
	v.parts[name] = good
}

// pack looks into a pack when its index comes up. Without the index, git does
// not see it.
func (v *vetting) pack(dir, name string) bool {
	base, isPack := strings.CutSuffix(name, ".pack")
	if isPack && !exists(filepath.Join(dir, base+".idx")) {
		v.stand.refusals = append(v.stand.refusals, "objects/pack/"+name+": the pack has no index and is not read")
		return true
	}
	if !strings.HasSuffix(name, ".idx") || !strings.HasPrefix(name, "pack-") {
		return true
	}
	if err := checkPack(filepath.Join(dir, name), v.stand.width); err != nil {
		v.refuse("pack/"+name, "not read: "+reasonOf(err))
		return false
	}
	return true
}

func (v *vetting) file(dir string, e fs.DirEntry) (int64, bool) {
	info, err := e.Info()
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		path := filepath.Join(dir, e.Name())
		if v.untrusted && !within(v.boundary, path) {
			v.refuse(filepath.Base(dir)+"/"+e.Name(), "a link out of the repository")
			return 0, false
		}
		info, err = os.Stat(path)
	}
	if err != nil || !info.Mode().IsRegular() {
		v.refuse(filepath.Base(dir)+"/"+e.Name(), "no regular file")
		return 0, false
	}
	return info.Size(), true
}

// build makes the directory of links.
func (v *vetting) build(dir string) error {
	if err := os.Mkdir(v.mirror, 0o700); err != nil {
		return err
	}
	for name, good := range v.parts {
		from, to := filepath.Join(dir, name), filepath.Join(v.mirror, name)
		if good == nil {
			if err := os.Symlink(from, to); err != nil {
				return err
			}
			continue
		}
		if err := os.Mkdir(to, 0o700); err != nil {
			return err
		}
		for _, file := range good {
			if err := os.Symlink(filepath.Join(from, file), filepath.Join(to, file)); err != nil {
				return err
			}
		}
	}
	return nil
}
