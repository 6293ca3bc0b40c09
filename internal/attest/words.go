package attest

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/seed-96940006/tagboat/internal/fault"
)

const (
	hintMissing = "attest this very digest where the image is built: actions/attest-build-provenance with `subject-digest`, and `permissions: attestations: write`; " +
		"GitHub also says that there is none where the token may not see the repository (docs/verify.md)"
	hintFailed = "build the image where the requirement says, or let `verify` name the workflow that signs it (docs/verify.md)"
)

// told is how many witnesses are named one by one.
const told = 5

// missing says that nothing was found anywhere.
func (h *hearing) missing() error {
	where := "; there is no place to look for one"
	if len(h.looked) > 0 {
		where = "; looked for in " + strings.Join(h.looked, ", and in ")
	}
	return fault.Newf("E_VERIFY_MISSING", hintMissing, "%s has no attestation%s", h.image, where)
}

// lack says why requirement i is not met, of each that was found.
func (h *hearing) lack(i int) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: none of its attestations (%d) is what `%s` asks for", h.image, len(h.heard), plain(h.required[i].Line, 300))
	for n, w := range h.heard {
		if n == told {
			fmt.Fprintf(&b, "; and %d more", len(h.heard)-told)
			break
		}
		why := w.wrong
		if why == "" {
			why = w.not[i]
		}
		fmt.Fprintf(&b, "; %d. %s: %s", n+1, w.where, plain(why, 400))
	}
	return fault.Newf("E_VERIFY_FAILED", hintFailed, "%s", b.String())
}

// plain is a text in one line of at most so many characters: what a stranger signed
// must not write to a terminal, nor begin a line of a workflow's log.
func plain(text string, most int) string {
	shown := strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return ' '
	}, text)
	runes := []rune(strings.Join(strings.Fields(shown), " "))
	if len(runes) > most {
		runes = append(runes[:most], '…')
	}
	return string(runes)
}
