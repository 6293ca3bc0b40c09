package cli

import (
	"fmt"
	"strings"
)

// count is a number of things in words: 1 field, 2 fields, 3 repositories.
func count(n int, thing string) string {
	stem, ends := strings.CutSuffix(thing, "ry")
	switch {
	case n == 1:
	case ends:
		thing = stem + "ries"
	default:
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}
