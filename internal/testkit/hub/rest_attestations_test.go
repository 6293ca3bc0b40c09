package hub

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// Attestations of a private repository are for tokens that may read them, a page at a
// time.
func TestAttestationsAreListed(t *testing.T) {
	h, r, _ := world(t)
	r.Set(func(s *Settings) { s.Private = true })
	digest := "sha256:" + strings.Repeat("1", 64)
	for i := range 3 {
		r.Attest(digest, fmt.Appendf(nil, `{"mediaType":"m%d"}`, i))
	}
	path := "/repos/acme/infra/attestations/" + digest + "?per_page=2"
	may := client{t, h, h.Token(Token{Permissions: map[string]string{"attestations": "read"}, Repos: []string{"acme/infra"}})}
	first := may.rest("GET", path, nil)
	link := first.Header.Get("Link")
	next, _, found := strings.Cut(strings.TrimPrefix(link, "<"), `>; rel="next"`)
	if first.Status != http.StatusOK || first.text("attestations", 1, "bundle", "mediaType") != "m1" || first.at("attestations", 2) != nil || !found {
		t.Fatalf("%d %s, %q", first.Status, first.Body, link)
	}
	if last := may.ask("GET", next, nil); last.text("attestations", 0, "bundle", "mediaType") != "m2" || last.Header.Get("Link") != "" {
		t.Errorf("%d %s", last.Status, last.Body)
	}
	if none := may.rest("GET", "/repos/acme/infra/attestations/sha256:"+strings.Repeat("2", 64), nil); none.Status != http.StatusNotFound {
		t.Errorf("of another digest: %d %s", none.Status, none.Body)
	}
	blind := client{t, h, h.Token(Token{Permissions: map[string]string{"contents": "read"}, Repos: []string{"acme/infra"}})}
	if no := blind.rest("GET", path, nil); no.Status != http.StatusForbidden || no.text("message") != "Resource not accessible by integration" {
		t.Errorf("without the permission: %d %s", no.Status, no.Body)
	}
}
