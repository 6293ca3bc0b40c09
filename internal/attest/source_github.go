package attest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/github"
	"github.com/seed-96940006/tagboat/internal/pattern"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// FromGitHub looks for the attestations that GitHub keeps for the repositories that
// requirements name, as actions/attest-build-provenance leaves them there
// (https://docs.github.com/en/rest/repos/attestations#list-attestations). The token
// needs `attestations: read`.
type FromGitHub struct {
	API       *github.Client
	Transport http.RoundTripper // what bundles are fetched through from where GitHub stores them; it must add no credentials; nil is http.DefaultTransport
	Sleep     func(context.Context, time.Duration) error
}

// attestation is an element of GitHub's answer. Large bundles are only told where
// they are.
type attestation struct {
	Bundle json.RawMessage `json:"bundle"`
	URL    string          `json:"bundle_url"`
}

// mostPages is how many pages of a hundred attestations are read about one image.
const mostPages = 10

// Find asks for each repository that is named once.
func (f *FromGitHub) Find(ctx context.Context, image ref.Image, of []Requirement, take func(Candidate) bool) (looked []string, err error) {
	var errs []error
	asked, more := map[string]bool{}, true
	for _, r := range of {
		name := strings.ToLower(r.Repository)
		if name == "" || asked[name] || !more {
			continue
		}
		asked[name] = true
		where := "GitHub's attestations of " + r.Repository
		looked = append(looked, where)
		if more, err = f.list(ctx, r.Repository, image.Digest, func(bundle []byte) bool { return take(Candidate{Where: where, Bundle: bundle}) }); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", where, err))
		}
	}
	return looked, errors.Join(errs...)
}

// list reads page after page, as long as more is wanted. A repository that has no
// attestations, or that the token may not see, has none.
func (f *FromGitHub) list(ctx context.Context, repository string, digest ref.Digest, take func([]byte) bool) (more bool, err error) {
	base := fmt.Sprintf("repos/%s/attestations/%s?per_page=100", repository, digest)
	path, more := base, true
	var unread []error
	seen := 0
	for range mostPages {
		listed, after, err := f.page(ctx, path)
		if err != nil {
			return more, errors.Join(append(unread, err)...)
		}
		seen += len(listed)
		more, err = f.load(ctx, listed, take)
		if unread = append(unread, err); !more || after == "" {
			return more, errors.Join(unread...)
		}
		path = base + "&after=" + url.QueryEscape(after)
	}
	return more, errors.Join(append(unread, fault.Newf("E_VERIFY_FAILED", "name the digest of a build that is not attested over and over", "there are more than %d", seen))...)
}

// page is one page of attestations, and where the next one begins; "" is the end.
func (f *FromGitHub) page(ctx context.Context, path string) (listed []attestation, after string, err error) {
	req, err := f.API.REST().NewRequest(http.MethodGet, path, nil)
	if err != nil {
		return nil, "", err
	}
	var answer struct{ Attestations []attestation }
	res, err := f.API.REST().Do(ctx, req, &answer)
	if err == nil {
		return answer.Attestations, res.After, nil
	}
	if err = github.Explain(err); github.KindOf(err) == github.NotFound {
		return nil, "", nil
	}
	return nil, "", forbidden(err)
}

// forbidden says which permission is missing.
func forbidden(err error) error {
	if github.KindOf(err) != github.Denied {
		return err
	}
	return fault.New("E_GITHUB_AUTH", "give the job `permissions: attestations: read`; for another private repository, a token or an App that may read its attestations", err)
}

// atOnce is how many bundles are fetched together, and are in memory together.
const atOnce = 8

// load hands the bundles on in their order, and fetches those that the answer does
// not hold, a few at once.
func (f *FromGitHub) load(ctx context.Context, listed []attestation, take func([]byte) bool) (more bool, err error) {
	var errs []error
	reads := client(f.Transport, f.Sleep)
	for some := range slices.Chunk(listed, atOnce) {
		bundles, failed := make([][]byte, len(some)), make([]error, len(some))
		var group errgroup.Group
		for i, a := range some {
			if len(a.Bundle) > 0 && string(a.Bundle) != "null" {
				bundles[i] = a.Bundle
				continue
			}
			group.Go(func() error {
				bundles[i], failed[i] = download(ctx, reads, a.URL)
				return nil
			})
		}
		group.Wait()
		errs = append(errs, failed...)
		for i, bundle := range bundles {
			if failed[i] == nil && !take(bundle) {
				return false, errors.Join(errs...)
			}
		}
	}
	return true, errors.Join(errs...)
}

// TrustDomain is what Roots need to know of a ghe.com host: the name of its own
// root among GitHub's (https://docs.github.com/en/rest/meta/meta). On github.com it
// is "".
func (f *FromGitHub) TrustDomain(ctx context.Context) (string, error) {
	req, err := f.API.REST().NewRequest(http.MethodGet, "meta", nil)
	if err != nil {
		return "", err
	}
	var meta struct {
		Domains struct {
			Attestations struct {
				TrustDomain string `json:"trust_domain"`
			} `json:"artifact_attestations"`
		} `json:"domains"`
	}
	if _, err := f.API.REST().Do(ctx, req, &meta); err != nil {
		return "", github.Explain(err)
	}
	domain := meta.Domains.Attestations.TrustDomain
	if domain != "" && !domainForm.MatchString(domain) {
		return "", fmt.Errorf("GitHub names its trust domain %q", fault.Plain(domain, 80))
	}
	return domain, nil
}

// domainForm is what may stand in the name of a file of roots.
var domainForm = pattern.New(`^[A-Za-z0-9][A-Za-z0-9.-]*$`)
