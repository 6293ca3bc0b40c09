package attest

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// Roots are whom signatures are held against. A root is fetched when the first
// bundle needs it. The zero value fetches those of sigstore's public-good instance
// and of GitHub, and keeps nothing. It may be used by several goroutines.
type Roots struct {
	File        string            // the input `trusted-root`: JSON, or one a line; "" is to fetch what is needed
	Cache       string            // folder where fetched roots are kept for a day; "" keeps nothing
	TrustDomain string            // of a ghe.com host, as its API tells it; "" is github.com's
	Transport   http.RoundTripper // what roots are fetched through; nil is http.DefaultTransport
	Sleep       func(context.Context, time.Duration) error
	Instances   []Instance // nil: PublicGood and GitHub

	mu     sync.Mutex
	loaded map[string][]*root.TrustedRoot // by the organization of the certificates' issuer; "" is of File
}

// The organizations in the names of those who issue certificates.
const (
	publicGoodOrganization = "sigstore.dev"
	gitHubOrganization     = "GitHub, Inc."
)

const hintRoot = "where there is a network, run `gh attestation trusted-root > trusted_root.jsonl`, and give that file as `trusted-root` (docs/verify.md)"

// Check reads the file, so that what is wrong with it is told before anything is
// asked. It fetches nothing, and fails with E_VERIFY_ROOT.
func (r *Roots) Check() error {
	if r.File == "" {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	_, err := r.fromFile()
	return err
}

// of are the roots whose authorities are of the organization; none where nobody
// trusted is. It fails with E_VERIFY_ROOT where they cannot be had.
func (r *Roots) of(ctx context.Context, organization string) ([]*root.TrustedRoot, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.File != "" {
		all, err := r.fromFile()
		return slices.DeleteFunc(slices.Clone(all), func(t *root.TrustedRoot) bool { return !issues(t, organization) }), err
	}
	if got, ok := r.loaded[organization]; ok {
		return got, nil
	}
	for _, instance := range r.instances() {
		if instance.Organization != organization {
			continue
		}
		got, err := r.fetch(ctx, instance)
		if err != nil {
			return nil, fault.New("E_VERIFY_ROOT", hintRoot, fmt.Errorf("the trusted root of %s cannot be fetched from %s: %w; `trusted-root` is not given", organization, instance.Mirror, err))
		}
		r.keep(organization, []*root.TrustedRoot{got})
		return r.loaded[organization], nil
	}
	return nil, nil
}

func (r *Roots) keep(organization string, roots []*root.TrustedRoot) {
	if r.loaded == nil {
		r.loaded = map[string][]*root.TrustedRoot{}
	}
	r.loaded[organization] = roots
}

// fromFile reads the file once.
func (r *Roots) fromFile() ([]*root.TrustedRoot, error) {
	if got, ok := r.loaded[""]; ok {
		return got, nil
	}
	data, err := os.ReadFile(r.File)
	if err != nil {
		return nil, fault.New("E_VERIFY_ROOT", hintRoot, fmt.Errorf("trusted-root: %w", err))
	}
	all, err := parseRoots(data)
	if err != nil {
		return nil, fault.New("E_VERIFY_ROOT", hintRoot, fmt.Errorf("trusted-root: %s: %w", r.File, err))
	}
	r.keep("", all)
	return all, nil
}

// parseRoots reads one root, however it is indented, or one a line.
func parseRoots(data []byte) ([]*root.TrustedRoot, error) {
	if one, err := root.NewTrustedRootFromJSON(data); err == nil {
		return authorized([]*root.TrustedRoot{one})
	}
	var all []*root.TrustedRoot
	number := 0
	for line := range bytes.Lines(data) {
		number++
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		one, err := root.NewTrustedRootFromJSON(line)
		if err != nil {
			return nil, fmt.Errorf("line %d is no trusted root: %s", number, fault.Plain(err.Error(), 200))
		}
		all = append(all, one)
	}
	return authorized(all)
}

// authorized are the roots, if any of them can issue a certificate.
func authorized(all []*root.TrustedRoot) ([]*root.TrustedRoot, error) {
	for _, one := range all {
		if len(one.FulcioCertificateAuthorities()) > 0 {
			return all, nil
		}
	}
	return nil, fmt.Errorf("no certificate authority is in it")
}

// issues reports whether a certificate of the organization may be one of the root's.
func issues(t *root.TrustedRoot, organization string) bool {
	for _, authority := range t.FulcioCertificateAuthorities() {
		ca, ok := authority.(*root.FulcioCertificateAuthority)
		if !ok {
			continue
		}
		for _, certificate := range append(slices.Clone(ca.Intermediates), ca.Root) {
			if certificate != nil && slices.Contains(certificate.Subject.Organization, organization) {
				return true
			}
		}
	}
	return false
}
