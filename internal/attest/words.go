package attest

import (
	"fmt"
	"strings"

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
	fmt.Fprintf(&b, "%s: none of its attestations (%d) is what `%s` asks for", h.image, len(h.heard), fault.Plain(h.required[i].Line, 300))
	for n, w := range h.heard {
		if n == told {
			fmt.Fprintf(&b, "; and %d more", len(h.heard)-told)
			break
		}
		why := w.wrong
		if why == "" {
			why = w.not[i]
		}
		fmt.Fprintf(&b, "; %d. %s: %s", n+1, w.where, fault.Plain(why, 400))
	}
	return fault.Newf("E_VERIFY_FAILED", hintFailed, "%s", b.String())
}
