package hub

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Attest keeps a bundle of sigstore about a digest, as actions/attest-build-provenance
// leaves it there.
func (r *Repo) Attest(digest string, bundle []byte) {
	r.hub.state.Lock()
	defer r.hub.state.Unlock()
	if r.attestations == nil {
		r.attestations = map[string][]json.RawMessage{}
	}
	r.attestations[digest] = append(r.attestations[digest], bundle)
}

// listAttestations tells those of one digest, a page at a time by cursors. Where there
// are none GitHub has not found anything.
func (c *call) listAttestations() *answer {
	all := c.repo.attestations[c.values["subject_digest"]]
	if len(all) == 0 {
		return c.notFound()
	}
	query := c.URL.Query()
	size, from := min(number(query, "per_page", 30), 100), 0
	if after, err := base64.StdEncoding.DecodeString(query.Get("after")); err == nil {
		fmt.Sscanf(string(after), "cursor:%d", &from)
	}
	from = min(from, len(all))
	to := min(from+size, len(all))
	listed := []any{}
	for _, bundle := range all[from:to] {
		listed = append(listed, map[string]any{"bundle": bundle, "repository_id": c.repo.id, "bundle_url": "", "initiator": "user"})
	}
	a := reply(http.StatusOK, map[string]any{"attestations": listed})
	if to < len(all) {
		query.Set("after", base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "cursor:%d", to)))
		path := strings.TrimPrefix(c.path, "/repos/"+c.repo.FullName())
		a.header.Set("Link", fmt.Sprintf(`<%s/repositories/%d%s?%s>; rel="next"`, c.hub.API, c.repo.id, path, query.Encode()))
	}
	return a
}
