// Package attest holds an image against what must be attested of it: bundles of
// sigstore, from the registry or from GitHub, by an identity that is named.
//
// A bundle counts if its signature, its certificate and its time hold against a
// trusted root, if its subject is the very digest that was asked about, and if the
// certificate names whom the requirement names. sigstore-go decides the first two.
// Whatever cannot be judged does not count: there is no way to pass by a failure.
// The package attests nothing and writes nothing but the cache of trusted roots.
package attest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// Source is a place where attestations are kept.
type Source interface {
	// Find looks for bundles about image.Digest and hands them to take one by one, in
	// an order that stays, until it wants no more: there may be many, and each may be
	// large. It tells where it looked, for people. What was taken before an error
	// counts all the same.
	Find(ctx context.Context, image ref.Image, of []Requirement, take func(Candidate) (more bool)) (looked []string, err error)
}

// Candidate is what may be an attestation; nothing of it is trusted yet.
type Candidate struct {
	Where   string // where it was found, for people
	Bundle  []byte // the bundle's JSON
	Payload []byte // what is signed instead of the image, and names it: cosign's older signatures; nil elsewhere
	Problem string // why it is no bundle, where it is none
}

// Proof says which attestation met a requirement. All of it is from a certificate
// and a statement that were verified.
type Proof struct {
	Requirement string     // the line of `verify`
	Digest      ref.Digest // what is attested
	Predicate   string     // the type of the statement
	Signer      string     // the certificate's name: the workflow and its ref, or an address
	Issuer      string     // who vouches for the signer
	Repository  string     // URL of the repository that was built; "" where a person signed
	Commit      string     // of that repository
	Ref         string     // of that repository
	Run         string     // URL of the run that signed
	Where       string     // where the bundle was found
	Signed      time.Time
}

// Verifier looks for attestations and holds them against requirements.
type Verifier struct {
	Sources []Source // asked in this order, until every requirement is met
	Roots   *Roots   // whom to trust; nil is the public-good instance of sigstore and GitHub's own
}

// Verify gives one proof for each requirement, in their order, or says of all that
// are not met why not. The attestation has to be of image.Digest itself: that of an
// index says nothing about an image in it, and the other way round.
//
// It fails with E_VERIFY_MISSING where there is no attestation at all, with
// E_VERIFY_FAILED where none of those found will do, with E_VERIFY_ROOT where there
// is no root to judge by, and with the source's own fault where it gave no answer.
// That nothing is required is an error, too: it is not what anybody asks for.
func (v *Verifier) Verify(ctx context.Context, image ref.Image, of []Requirement) ([]Proof, error) {
	digest, err := ref.ParseDigest(string(image.Digest))
	if err != nil {
		return nil, fmt.Errorf("attestations are of a digest: %w", err)
	}
	if image.Digest = digest; len(of) == 0 {
		return nil, errors.New("nothing is required of the image")
	}
	roots := v.Roots
	if roots == nil {
		roots = &Roots{}
	}
	if err := roots.Check(); err != nil {
		return nil, err
	}
	h := &hearing{image: image, required: of, proofs: make([]*Proof, len(of))}
	for _, source := range v.Sources {
		if h.met() {
			break
		}
		looked, err := source.Find(ctx, image, of, func(c Candidate) bool {
			h.hear(ctx, roots, c)
			return !h.met()
		})
		if h.looked = append(h.looked, looked...); err != nil {
			h.unasked = append(h.unasked, err)
		}
	}
	return h.verdict(ctx)
}

// hearing is what is known about an image so far.
type hearing struct {
	image    ref.Image
	required []Requirement
	proofs   []*Proof // as required; nil is not met
	looked   []string
	heard    []witness
	unasked  []error // sources that could not be asked
	rootless []error // bundles that could not be judged for want of a root
}

// witness is a candidate, and why it meets which requirements not.
type witness struct {
	where string
	wrong string   // why it counts for nothing; "" where it is verified
	not   []string // as required: why it does not meet this one
}

func (h *hearing) met() bool {
	for _, p := range h.proofs {
		if p == nil {
			return false
		}
	}
	return true
}

// hear judges one candidate.
func (h *hearing) hear(ctx context.Context, roots *Roots, c Candidate) {
	w := witness{where: c.Where, wrong: c.Problem, not: make([]string, len(h.required))}
	if w.wrong == "" {
		s, err := roots.judge(ctx, c, h.image.Digest)
		switch {
		case fault.Is(err, "E_VERIFY_ROOT"):
			h.rootless = append(h.rootless, err)
			w.wrong = "cannot be judged"
		case err != nil:
			w.wrong = err.Error()
		default:
			h.weigh(s, &w)
		}
	}
	h.heard = append(h.heard, w)
}

// weigh holds a verified statement against every requirement.
func (h *hearing) weigh(s statement, w *witness) {
	for i, r := range h.required {
		if w.not[i] = r.misses(s); w.not[i] != "" || h.proofs[i] != nil {
			continue
		}
		h.proofs[i] = &Proof{
			Requirement: r.Line, Digest: h.image.Digest, Predicate: s.predicate, Signer: s.signer.SubjectAlternativeName,
			Issuer: s.signer.Issuer, Repository: s.signer.SourceRepositoryURI, Commit: s.signer.SourceRepositoryDigest,
			Ref: s.signer.SourceRepositoryRef, Run: s.signer.RunInvocationURI, Where: w.where, Signed: s.signed,
		}
	}
}

// verdict is the proofs, or why there are not enough.
func (h *hearing) verdict(ctx context.Context) ([]Proof, error) {
	if err := ctx.Err(); err != nil && !h.met() {
		return nil, fmt.Errorf("attestations of %s: %w", h.image, err)
	}
	var proofs []Proof
	var errs []error
	for i, p := range h.proofs {
		if p == nil {
			errs = append(errs, h.lack(i))
			continue
		}
		proofs = append(proofs, *p)
	}
	if err := errors.Join(errs...); err == nil {
		return proofs, nil
	}
	if len(h.heard) == 0 {
		errs = nil
		if len(h.unasked) == 0 {
			errs = append(errs, h.missing())
		}
	}
	for _, err := range h.unasked {
		errs = append(errs, fmt.Errorf("attestations of %s: %w", h.image, err))
	}
	if len(h.rootless) > 0 {
		errs = append([]error{h.rootless[0]}, errs...)
	}
	return nil, errors.Join(errs...)
}
