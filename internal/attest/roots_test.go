package attest_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/seed-96940006/tagboat/internal/attest"
	"github.com/seed-96940006/tagboat/internal/fault"
)

// mirror is a TUF repository with one target
// (https://theupdateframework.github.io/specification/latest/).
type mirror struct {
	*httptest.Server
	anchor []byte

	mu     sync.Mutex
	files  map[string][]byte
	asked  []string
	broken int // how many answers are 503 before the next good one
}

func newMirror(t *testing.T, target, content string) *mirror {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	// Maps are written in the order of their keys, which is canonical enough here.
	write := func(v any) []byte {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	key := map[string]any{"keytype": "ed25519", "scheme": "ed25519", "keyval": map[string]any{"public": hex.EncodeToString(public)}}
	id := sha(write(key))
	signed := func(kind string, more map[string]any) []byte {
		body := map[string]any{"_type": kind, "spec_version": "1.0.31", "version": 1, "expires": time.Now().Add(time.Hour).UTC().Format(time.RFC3339)}
		for name, value := range more {
			body[name] = value
		}
		return write(map[string]any{"signed": body, "signatures": []any{map[string]any{"keyid": id, "sig": hex.EncodeToString(ed25519.Sign(private, write(body)))}}})
	}
	role := map[string]any{"keyids": []string{id}, "threshold": 1}
	sum := sha([]byte(content))
	m := &mirror{files: map[string][]byte{
		"/timestamp.json":                          signed("timestamp", map[string]any{"meta": map[string]any{"snapshot.json": map[string]any{"version": 1}}}),
		"/1.snapshot.json":                         signed("snapshot", map[string]any{"meta": map[string]any{"targets.json": map[string]any{"version": 1}}}),
		"/1.targets.json":                          signed("targets", map[string]any{"targets": map[string]any{target: map[string]any{"length": len(content), "hashes": map[string]any{"sha256": sum}}}}),
		fmt.Sprintf("/targets/%s.%s", sum, target): []byte(content),
	}}
	m.anchor = signed("root", map[string]any{
		"keys": map[string]any{id: key}, "consistent_snapshot": true,
		"roles": map[string]any{"root": role, "timestamp": role, "snapshot": role, "targets": role},
	})
	m.Server = httptest.NewServer(m)
	t.Cleanup(m.Close)
	return m
}

func (m *mirror) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked = append(m.asked, r.URL.Path)
	content, ok := m.files[r.URL.Path]
	switch {
	case r.Header.Get("Authorization") != "":
		w.WriteHeader(http.StatusTeapot)
	case m.broken > 0:
		m.broken--
		w.WriteHeader(http.StatusServiceUnavailable)
	case !ok:
		w.WriteHeader(http.StatusNotFound)
	default:
		w.Write(content)
	}
}

func (m *mirror) requests() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.asked)
}

func (m *mirror) instance(organization string) attest.Instance {
	return attest.Instance{Organization: organization, Mirror: m.URL, Anchor: m.anchor, Target: "trusted_root.json"}
}

// atOnce does not wait.
func atOnce(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func TestARootIsFetchedWhenABundleNeedsIt(t *testing.T) {
	public, private := newAuthority(t, publicGood), newAuthority(t, gitHub)
	good, own := newMirror(t, "trusted_root.json", public.root()), newMirror(t, "trusted_root.json", private.root())
	good.broken = 2
	roots := func(cache string) *attest.Roots {
		return &attest.Roots{Cache: cache, Sleep: atOnce, Instances: []attest.Instance{good.instance(publicGood), own.instance(gitHub)}}
	}
	verify := func(r *attest.Roots, bundles ...[]byte) error {
		v := &attest.Verifier{Sources: []attest.Source{&shelf{bundles: bundles}}, Roots: r}
		_, err := v.Verify(t.Context(), image(t, digest), parse(t, "acme/web"))
		return err
	}
	cache := t.TempDir()
	bundle := public.attest(release, digest, provenance)
	if err := verify(roots(cache), bundle, bundle); err != nil {
		t.Fatal(err)
	}
	if own.requests() > 0 {
		t.Error("the other instance was asked, though nothing is of it")
	}
	before := good.requests()
	if err := verify(roots(cache), bundle); err != nil || good.requests() != before {
		t.Errorf("with what is kept: %v after %d requests", err, good.requests()-before)
	}
	if err := verify(roots(""), bundle); err != nil || good.requests() == before {
		t.Errorf("with nothing kept: %v after %d requests", err, good.requests()-before)
	}
	if err := verify(roots(cache), private.attest(release, digest, provenance)); err != nil || own.requests() == 0 {
		t.Errorf("the other instance: %v after %d requests", err, own.requests())
	}
}

func TestWithoutARootNothingIsJudged(t *testing.T) {
	public := newAuthority(t, publicGood)
	forged := newMirror(t, "trusted_root.json", public.root())
	for path, content := range forged.files {
		if strings.HasPrefix(path, "/targets/") {
			forged.files[path] = []byte(strings.Replace(string(content), "fulcio", "fulcia", 1))
		}
	}
	gone := newMirror(t, "trusted_root.json", public.root())
	gone.Close()
	stranger := newMirror(t, "trusted_root.json", public.root()).instance(publicGood)
	stranger.Anchor = forged.anchor
	for name, instance := range map[string]attest.Instance{
		"no network": gone.instance(publicGood), "a root that was changed": forged.instance(publicGood), "another anchor": stranger,
		"no such target": {Organization: publicGood, Mirror: forged.URL, Anchor: forged.anchor, Target: "acme.trusted_root.json"},
	} {
		t.Run(name, func(t *testing.T) {
			v := &attest.Verifier{
				Sources: []attest.Source{&shelf{bundles: [][]byte{public.attest(release, digest, provenance)}}},
				Roots:   &attest.Roots{Sleep: atOnce, Instances: []attest.Instance{instance}},
			}
			proofs, err := v.Verify(t.Context(), image(t, digest), parse(t, "acme/web"))
			all := fault.All(err)
			if len(proofs) > 0 || len(all) == 0 || all[0].Code != "E_VERIFY_ROOT" || !strings.Contains(all[0].Error()+all[0].Hint, "`trusted-root`") {
				t.Errorf("got %v, %v", proofs, err)
			}
		})
	}
}

func TestAGHEHostHasARootOfItsOwn(t *testing.T) {
	if diff := cmp.Diff("acme.trusted_root.json", attest.GitHub("acme").Target); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff("trusted_root.json", attest.GitHub("").Target); diff != "" {
		t.Error(diff)
	}
}

// An anchor is trusted before anything was fetched: enough of its own keys have
// signed it.
func TestTheAnchorsAreSignedByTheirOwnKeys(t *testing.T) {
	for _, instance := range []attest.Instance{attest.PublicGood(), attest.GitHub("")} {
		anchor, err := metadata.Root().FromBytes(instance.Anchor)
		if err != nil {
			t.Fatal(err)
		}
		if err := anchor.VerifyDelegate("root", anchor); err != nil || anchor.Signed.Roles["root"].Threshold < 3 {
			t.Errorf("%s: %v, with a threshold of %d", instance.Mirror, err, anchor.Signed.Roles["root"].Threshold)
		}
	}
}
