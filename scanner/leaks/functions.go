package leaks

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"
)

// functions are those of sprig that reports use, with its names and the order
// of its arguments. Nothing of them reads files, the environment or the
// network.
func functions() template.FuncMap {
	all := template.FuncMap{}
	for _, some := range []template.FuncMap{textFunctions(), listFunctions(), numberFunctions(), otherFunctions()} {
		maps.Copy(all, some)
	}
	return all
}

func textFunctions() template.FuncMap {
	return template.FuncMap{
		"quote":      func(all ...any) string { return joined(all, func(v any) string { return strconv.Quote(textOf(v)) }) },
		"squote":     func(all ...any) string { return joined(all, func(v any) string { return "'" + textOf(v) + "'" }) },
		"cat":        func(all ...any) string { return joined(all, textOf) },
		"upper":      strings.ToUpper,
		"lower":      strings.ToLower,
		"trim":       strings.TrimSpace,
		"trimAll":    func(cut, s string) string { return strings.Trim(s, cut) },
		"trimPrefix": func(cut, s string) string { return strings.TrimPrefix(s, cut) },
		"trimSuffix": func(cut, s string) string { return strings.TrimSuffix(s, cut) },
		"replace":    func(old, by, s string) string { return strings.ReplaceAll(s, old, by) },
		"contains":   func(part, s string) bool { return strings.Contains(s, part) },
		"hasPrefix":  func(prefix, s string) bool { return strings.HasPrefix(s, prefix) },
		"hasSuffix":  func(suffix, s string) bool { return strings.HasSuffix(s, suffix) },
		"nospace":    func(s string) string { return strings.Join(strings.Fields(s), "") },
		"repeat":     func(n int, s string) string { return strings.Repeat(s, min(max(n, 0), 1000)) },
		"indent":     pushed,
		"nindent":    func(n int, s string) string { return "\n" + pushed(n, s) },
		"trunc":      truncated,
		"toString":   textOf,
		"regexMatch": regexp.MatchString,
		"regexReplaceAll": func(re, s, by string) (string, error) {
			r, err := regexp.Compile(re)
			if err != nil {
				return "", err
			}
			return r.ReplaceAllString(s, by), nil
		},
		"b64enc": func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
		"base":   path.Base,
		"dir":    path.Dir,
		"ext":    path.Ext,
		"clean":  path.Clean,
	}
}

func listFunctions() template.FuncMap {
	return template.FuncMap{
		"list":      func(all ...any) []any { return all },
		"join":      func(separator string, list any) string { return strings.Join(texts(list), separator) },
		"split":     func(separator, s string) map[string]string { return numbered(strings.Split(s, separator)) },
		"splitList": func(separator, s string) []string { return strings.Split(s, separator) },
		"sortAlpha": func(list any) []string { return slices.Sorted(slices.Values(texts(list))) },
		"uniq":      func(list any) []string { return slices.Compact(slices.Sorted(slices.Values(texts(list)))) },
		"has":       func(item, list any) bool { return slices.Contains(texts(list), textOf(item)) },
		"first":     func(list any) any { return at(list, 0) },
		"last":      func(list any) any { return at(list, -1) },
		"dict":      dictionary,
		"get":       func(d map[string]any, key string) any { return d[key] },
		"set":       func(d map[string]any, key string, v any) map[string]any { d[key] = v; return d },
		"hasKey":    func(d map[string]any, key string) bool { _, ok := d[key]; return ok },
		"keys":      func(d map[string]any) []string { return slices.Sorted(maps.Keys(d)) },
	}
}

func numberFunctions() template.FuncMap {
	return template.FuncMap{
		"add":     func(all ...any) int64 { return folded(all, func(a, b int64) int64 { return a + b }) },
		"mul":     func(all ...any) int64 { return folded(all, func(a, b int64) int64 { return a * b }) },
		"max":     func(all ...any) int64 { return folded(all, func(a, b int64) int64 { return max(a, b) }) },
		"min":     func(all ...any) int64 { return folded(all, func(a, b int64) int64 { return min(a, b) }) },
		"add1":    func(v any) int64 { return whole(v) + 1 },
		"sub":     func(a, b any) int64 { return whole(a) - whole(b) },
		"int":     func(v any) int { return int(whole(v)) },
		"int64":   whole,
		"float64": decimal,
		"round": func(v any, places int) (float64, error) {
			return strconv.ParseFloat(strconv.FormatFloat(decimal(v), 'f', places, 64), 64)
		},
	}
}

func otherFunctions() template.FuncMap {
	return template.FuncMap{
		"now":  time.Now,
		"date": func(layout string, when any) string { return moment(when).Format(layout) },
		"default": func(otherwise, v any) any {
			if empty(v) {
				return otherwise
			}
			return v
		},
		"empty": empty,
		"coalesce": func(all ...any) any {
			if n := slices.IndexFunc(all, func(v any) bool { return !empty(v) }); n >= 0 {
				return all[n]
			}
			return nil
		},
		"ternary": func(yes, no any, which bool) any {
			if which {
				return yes
			}
			return no
		},
		"toJson":       func(v any) (string, error) { text, err := json.Marshal(v); return string(text), err },
		"toPrettyJson": func(v any) (string, error) { text, err := json.MarshalIndent(v, "", "  "); return string(text), err },
		"toRawJson":    rawJSON,
	}
}

func rawJSON(v any) (string, error) {
	var out strings.Builder
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return strings.TrimSuffix(out.String(), "\n"), err
}

func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []byte:
		return string(v)
	}
	return fmt.Sprint(v)
}

func joined(all []any, each func(any) string) string {
	var out []string
	for _, v := range all {
		if v != nil {
			out = append(out, each(v))
		}
	}
	return strings.Join(out, " ")
}

func texts(list any) []string {
	v := reflect.ValueOf(list)
	if v.Kind() != reflect.Slice && v.Kind() != reflect.Array {
		return []string{textOf(list)}
	}
	out := make([]string, v.Len())
	for i := range out {
		out[i] = textOf(v.Index(i).Interface())
	}
	return out
}

// at is an item of a list, counted from its end if n is negative; nil if there
// is none.
func at(list any, n int) any {
	v := reflect.ValueOf(list)
	if v.Kind() != reflect.Slice && v.Kind() != reflect.Array || v.Len() == 0 {
		return nil
	}
	return v.Index((n + v.Len()) % v.Len()).Interface()
}

func numbered(parts []string) map[string]string {
	out := map[string]string{}
	for i, p := range parts {
		out["_"+strconv.Itoa(i)] = p
	}
	return out
}

func dictionary(all ...any) map[string]any {
	out := map[string]any{}
	for i := 0; i < len(all); i += 2 {
		out[textOf(all[i])] = ""
		if i+1 < len(all) {
			out[textOf(all[i])] = all[i+1]
		}
	}
	return out
}

func folded(all []any, by func(a, b int64) int64) int64 {
	if len(all) == 0 {
		return 0
	}
	sum := whole(all[0])
	for _, v := range all[1:] {
		sum = by(sum, whole(v))
	}
	return sum
}

func whole(v any) int64 { return int64(decimal(v)) }

func decimal(v any) float64 {
	n, err := strconv.ParseFloat(textOf(v), 64)
	if err != nil {
		return 0
	}
	return n
}

// truncated cuts text to n bytes from its begin, or to -n from its end.
func truncated(n int, s string) string {
	switch {
	case n < 0 && len(s)+n > 0:
		return s[len(s)+n:]
	case n >= 0 && len(s) > n:
		return s[:n]
	}
	return s
}

func pushed(n int, s string) string {
	space := strings.Repeat(" ", min(max(n, 0), 1000))
	return space + strings.ReplaceAll(s, "\n", "\n"+space)
}

func empty(v any) bool {
	truth, ok := template.IsTrue(v)
	return !ok || !truth
}

// moment is a time, one in RFC 3339, or one in seconds of Unix.
func moment(v any) time.Time {
	if when, ok := v.(time.Time); ok {
		return when
	}
	if when, err := time.Parse(time.RFC3339, textOf(v)); err == nil {
		return when
	}
	return time.Unix(whole(v), 0)
}
