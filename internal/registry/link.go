package registry

import (
	"slices"
	"strings"
)

// nextLink finds the target whose relation is next among Link headers
// (RFC 8288). One without any relation counts: some registries give only it.
func nextLink(headers []string) (target string, found bool, err error) {
	for _, header := range headers {
		for rest := strings.TrimSpace(header); rest != ""; {
			inside, opened := strings.CutPrefix(rest, "<")
			link, params, closed := strings.Cut(inside, ">")
			if !opened || !closed {
				return "", false, defectf("its Link %q is not readable", header)
			}
			params, rest = cutUnquoted(params, ',')
			if !isNext(params) {
				continue
			}
			if found && link != target {
				return "", false, defectf("its Links lead to two next pages")
			}
			target, found = link, true
		}
	}
	return target, found, nil
}

// isNext reads the parameters of a link, such as `; rel="next"`.
func isNext(params string) bool {
	for params != "" {
		var param string
		param, params = cutUnquoted(params, ';')
		name, value, _ := strings.Cut(param, "=")
		if strings.EqualFold(strings.TrimSpace(name), "rel") {
			relations := strings.ToLower(strings.Trim(strings.TrimSpace(value), `"`))
			return slices.Contains(strings.Fields(relations), "next")
		}
	}
	return true
}

// cutUnquoted cuts s around the first separator that is not within quotes.
func cutUnquoted(s string, separator byte) (before, after string) {
	quoted := false
	for i := range len(s) {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == separator && !quoted:
			return strings.TrimSpace(s[:i]), strings.TrimSpace(s[i+1:])
		}
	}
	return strings.TrimSpace(s), ""
}
