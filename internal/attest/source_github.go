package attest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
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
func (f *FromGitHub) Find(ctx context.Context, image ref.Image, of []Requirement) (Found, error) {
	var found Found
	var errs []error
	asked := map[string]bool{}
	for _, r := range of {
		if name := strings.ToLower(r.Repository); r.Repository == "" || asked[name] {
			continue
		} else {
			asked[name] = true
		}
		where := "GitHub's attestations of " + r.Repository
		found.Looked = append(found.Looked, where)
		listed, err := f.list(ctx, r.Repository, image.Digest)
		candidates, unread := f.load(ctx, where, listed)
		found.Candidates = append(found.Candidates, candidates...)
		if err := errors.Join(err, unread); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", where, err))
		}
	}
	return found, errors.Join(errs...)
}

// list reads all pages. A repository that has none, or that the token may not see,
// has none.
func (f *FromGitHub) list(ctx context.Context, repository string, digest ref.Digest) (all []attestation, err error) {
	base := fmt.Sprintf("repos/%s/attestations/%s?per_page=100", repository, digest)
	path := base
	for page := 0; page < mostPages; page++ {
		req, err := f.API.REST().NewRequest(http.MethodGet, path, nil)
		if err != nil {
			return all, err
		}
		var answer struct{ Attestations []attestation }
		res, err := f.API.REST().Do(ctx, req, &answer)
		if err != nil {
			err = github.Explain(err)
			if github.KindOf(err) == github.NotFound {
				return all, nil
			}
			return all, forbidden(err)
		}
		all = append(all, answer.Attestations...)
		if res.After == "" {
			return all, nil
		}
		path = base + "&after=" + url.QueryEscape(res.After)
	}
	return all, fault.Newf("E_VERIFY_FAILED", "name the digest of a build that is not attested over and over", "there are more than %d", len(all))
}

// forbidden says which permission is missing.
func forbidden(err error) error {
	if github.KindOf(err) != github.Denied {
		return err
	}
	return fault.New("E_GITHUB_AUTH", "give the job `permissions: attestations: read`; for another private repository, a token or an App that may read its attestations", err)
}

// load reads the bundles that the answer does not hold.
func (f *FromGitHub) load(ctx context.Context, where string, listed []attestation) ([]Candidate, error) {
	bundles, errs := make([][]byte, len(listed)), make([]error, len(listed))
	var group errgroup.Group
	group.SetLimit(8)
	reads := client(f.Transport, f.Sleep)
	for i, a := range listed {
		if len(a.Bundle) > 0 && string(a.Bundle) != "null" {
			bundles[i] = a.Bundle
			continue
		}
		group.Go(func() error {
			bundles[i], errs[i] = download(ctx, reads, a.URL)
			return nil
		})
	}
	group.Wait()
	var all []Candidate
	for i, bundle := range bundles {
		if errs[i] == nil {
			all = append(all, Candidate{Where: where, Bundle: bundle})
		}
	}
	return all, errors.Join(errs...)
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
		return "", fmt.Errorf("GitHub names its trust domain %q", plain(domain, 80))
	}
	return domain, nil
}

// domainForm is what may stand in the name of a file of roots.
var domainForm = pattern.New(`^[A-Za-z0-9][A-Za-z0-9.-]*$`)
