package cli

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/BurntSushi/toml"

	"github.com/qleaks/qleaks/scanner/baseline"
)

// ownFiles are the files by which a root takes findings away. Trust is for
// their content of one moment. Nil means that there is no such file.
type ownFiles struct {
	root   string
	config []byte
	// rules and ignored are for gitleaks, or for betterleaks where gitleaks has
	// none.
	rules, ignored         []byte
	rulesName, ignoredName string
	// baselineName is what the configuration says, with slashes; "" if nothing.
	baselineName string
	baseline     []byte
}

// readOwnFiles reads the files of a root. The root may be hostile: nothing that
// leads out of it is read.
func readOwnFiles(root string) (ownFiles, error) {
	o := ownFiles{root: root}
	var name string
	for _, file := range []struct {
		names   []string
		name    *string
		content *[]byte
		limit   int64
	}{
		{[]string{configName}, &name, &o.config, maxConfig},
		{gitleaksConfigNames(), &o.rulesName, &o.rules, maxConfig},
		{gitleaksIgnoreNames(), &o.ignoredName, &o.ignored, maxBaseline},
	} {
		var err error
		if *file.name, *file.content, err = firstContent(root, ".", file.names, file.limit); err != nil {
			return o, fmt.Errorf("%s: %w", *file.name, rootCause(err))
		}
	}
	o.baselineName = baselineNameIn(o.config)
	if o.baselineName == "" {
		return o, nil
	}
	var err error
	if o.baseline, err = contentOf(root, filepath.FromSlash(o.baselineName), maxBaseline); err != nil {
		return o, fmt.Errorf("the baseline %s: %w", o.baselineName, rootCause(err))
	}
	return o, nil
}

// firstContent reads the first of some files of a directory that is there; nil
// if none is, with the first name.
func firstContent(root, below string, names []string, limit int64) (name string, content []byte, err error) {
	for _, name := range names {
		if content, err = contentOf(root, filepath.Join(filepath.FromSlash(below), name), limit); err != nil || content != nil {
			return name, content, err
		}
	}
	return names[0], nil, nil
}

// baselineNameIn is the baseline that a configuration names, "" if it names
// none or is not valid.
func baselineNameIn(config []byte) string {
	var c struct {
		Scan struct {
			Baseline string `toml:"baseline"`
		} `toml:"scan"`
	}
	if tooLongLine(config) > 0 {
		return ""
	}
	if _, err := toml.Decode(string(config), &c); err != nil {
		return ""
	}
	return c.Scan.Baseline
}

func (o ownFiles) hash() string {
	return baseline.ConfigurationHash(
		baseline.File{Name: configName, Content: o.config},
		baseline.File{Name: o.rulesName, Content: o.rules},
		baseline.File{Name: o.ignoredName, Content: o.ignored},
		// Its name is in the configuration.
		baseline.File{Name: "the baseline", Content: o.baseline},
	)
}

// trustedFiles reads the files of a root, and says whether it is trusted with
// them. Files that cannot be read are trusted by nobody.
func trustedFiles(trust baseline.Trust, root string) (ownFiles, baseline.Decision, error) {
	files, err := readOwnFiles(root)
	if err != nil {
		return files, baseline.NotTrusted, err
	}
	return files, trust.Decide(root, files.hash()), nil
}

// change writes one of the files, by its name with slashes. Who trusted the
// root as it was trusts it as it will be: it is this program that changes it.
func (o ownFiles) change(env Env, say messages, name string, content []byte) error {
	file, trust, err := openTrust(env)
	wasTrusted := err == nil && trust.Decide(o.root, o.hash()) == baseline.IsTrusted
	if err := writeWhole(env, filepath.Join(o.root, filepath.FromSlash(name)), content); err != nil {
		return err
	}
	if name == configName {
		o.config = content
	} else {
		o.baseline = content
	}
	if !wasTrusted {
		if err != nil || trust.Decide(o.root, o.hash()) != baseline.IsTrusted {
			say.hint("to let it count: qleaks trust %s", o.root)
		}
		return nil
	}
	trust.Add(baseline.Trusted{Root: o.root, Configuration: o.hash(), Since: env.Now().UTC()})
	if err := trust.Save(file); err != nil {
		return couldNot("cannot remember what is trusted", err)
	}
	return nil
}

// writeWhole writes a file in one step. Where its name is a link, the file
// that it leads to is written.
func writeWhole(env Env, name string, content []byte) error {
	if real, err := filepath.EvalSymlinks(name); err == nil {
		name = real
	}
	out, err := (&outputOptions{File: name}).open(env)
	if err != nil {
		return err
	}
	if _, err := out.Write(content); err != nil {
		return couldNot("cannot write "+name, errors.Join(rootCause(err), out.abandon()))
	}
	return out.finish()
}
