package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/oauth2"

	"github.com/seed-96940006/tagboat/internal/attest"
	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/manifest"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// verifyInputs say what must be attested of an image.
type verifyInputs struct {
	Verify      []string `sep:"none" group:"Attestations" placeholder:"REQUIREMENT" help:"What must be attested of the image before anything is written, one requirement a line: acme/web is that a workflow of acme/web built it. References then name the digest, too, whatever pin says. More is told in docs/verify.md."`
	TrustedRoot string   `group:"Attestations" placeholder:"FILE" help:"Whom attestations are trusted from, as gh attestation trusted-root prints it. Default: sigstore's public instance and GitHub's, fetched."`
}

func (in verifyInputs) mistakes() error {
	_, err := attest.Parse(in.Verify, "")
	if in.TrustedRoot == "" {
		return err
	}
	if len(in.Verify) == 0 {
		return fault.Newf("E_INPUT", "give `verify`, or leave it out", "trusted-root is given, and there is nothing to verify")
	}
	return errors.Join(err, (&attest.Roots{File: in.TrustedRoot}).Check())
}

// pin is how references name an image that is verified: with the digest that was,
// since a tag may be another image tomorrow.
func (in verifyInputs) pin(asked string) manifest.Pin {
	if pin := manifest.Pin(asked); len(in.Verify) == 0 || pin != manifest.PinTag {
		return pin
	}
	return manifest.PinBoth
}

// attester holds images against what must be attested of them.
type attester struct {
	*app
	in    verifyInputs
	token Secret // of the job, for what GitHub keeps; "" leaves the registry
	by    asking
}

// verify tells what was proven of the image, which has a digest.
func (a attester) verify(ctx context.Context, image ref.Image) (string, error) {
	required, err := attest.Parse(a.in.Verify, a.ServerURL)
	if err != nil {
		return "", usage(err)
	}
	v := attest.Verifier{Roots: &attest.Roots{File: a.in.TrustedRoot, Cache: a.rootCache(), Transport: a.by.trust.transport()}}
	if a.token != "" && a.APIURL != "" && a.GraphQLURL != "" {
		who := identity{tokens: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: string(a.token)})}
		api, err := a.app.client(host{trust: a.by.trust}, who, a.by.log)
		if err != nil {
			return "", err
		}
		kept := &attest.FromGitHub{API: api, Transport: a.by.trust.transport()}
		v.Sources = append(v.Sources, kept)
		if server, err := url.Parse(a.ServerURL); err == nil && strings.HasSuffix(server.Hostname(), ".ghe.com") && a.in.TrustedRoot == "" {
			if v.Roots.TrustDomain, err = kept.TrustDomain(ctx); err != nil {
				return "", err
			}
		}
	}
	v.Sources = append(v.Sources, &attest.FromRegistry{Registry: a.by.client})
	proofs, err := v.Verify(ctx, image, required)
	if err != nil {
		return "", err
	}
	for _, p := range proofs {
		a.Printf("%s: %s, signed by %s (%s)", p.Requirement, p.Predicate, p.Signer, cmp.Or(p.Run, p.Where))
	}
	return fmt.Sprintf("%s of %s met", count(len(proofs), "requirement"), image.Digest.Short()), nil
}

// rootCache is a folder that nobody else writes to: what is fetched there is
// signed, and checked at each use.
func (a attester) rootCache() string {
	if a.InActions {
		return filepath.Join(a.Temp, "tagboat-sigstore")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "" // it is fetched each time
	}
	return filepath.Join(cache, "tagboat", "sigstore")
}
