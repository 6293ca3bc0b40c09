package attest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// judge verifies a candidate: signature, certificate, time, and that its subject is
// the digest. Who signed is left to the requirements. It fails with E_VERIFY_ROOT
// where the root that it needs cannot be had; all other errors are the candidate's.
func (r *Roots) judge(ctx context.Context, c Candidate, digest ref.Digest) (statement, error) {
	if c.Payload != nil {
		if err := names(c.Payload, digest); err != nil {
			return statement{}, err
		}
		sum := sha256.Sum256(c.Payload)
		return r.judgeSum(ctx, c.Bundle, "sha256", sum[:])
	}
	sum, err := hex.DecodeString(strings.TrimPrefix(string(digest), "sha256:"))
	if err != nil {
		return statement{}, err
	}
	return r.judgeSum(ctx, c.Bundle, "sha256", sum)
}

func (r *Roots) judgeSum(ctx context.Context, data []byte, algorithm string, sum []byte) (statement, error) {
	var b bundle.Bundle
	if err := b.UnmarshalJSON(data); err != nil {
		return statement{}, fmt.Errorf("no bundle of sigstore: %w", err)
	}
	organization, err := issuer(&b)
	if err != nil {
		return statement{}, err
	}
	roots, err := r.of(ctx, organization)
	if err != nil {
		return statement{}, err
	}
	if len(roots) == 0 {
		return statement{}, fmt.Errorf("its certificate is issued by %q, which no trusted root knows", organization)
	}
	// Whether the signer is the one who is asked for is decided on the certificate
	// of the result: it tells more than yes or no.
	policy := verify.NewPolicy(verify.WithArtifactDigest(algorithm, sum), verify.WithoutIdentitiesUnsafe())
	var errs []error
	for _, trusted := range roots {
		verifier, err := verify.NewVerifier(trusted, demands(trusted, organization)...)
		if err != nil {
			return statement{}, err
		}
		result, err := verifier.Verify(&b, policy)
		if err == nil {
			return read(result)
		}
		errs = append(errs, err)
	}
	return statement{}, errs[len(errs)-1]
}

// issuer is the organization that issued the bundle's certificate. What a key
// signed without a certificate has nobody's name.
func issuer(b *bundle.Bundle) (string, error) {
	content, err := b.VerificationContent()
	if err != nil {
		return "", err
	}
	certificate := content.Certificate()
	switch {
	case certificate == nil:
		return "", errors.New("it is signed by a bare key, which says nothing about who signed")
	case len(certificate.Issuer.Organization) != 1:
		return "", errors.New("the issuer of its certificate is not one organization")
	}
	return certificate.Issuer.Organization[0], nil
}

// demands are what a bundle needs beside its signature. GitHub's instance has no
// public log: a timestamp says when, and who may get a certificate there is
// GitHub's alone to say. The public good is public: certificate and signature
// stand in logs. Of another instance everything is asked for that its root has.
func demands(trusted *root.TrustedRoot, organization string) []verify.VerifierOption {
	options := []verify.VerifierOption{verify.WithoutStatementPredicate()}
	public := organization == publicGoodOrganization
	if organization == gitHubOrganization {
		return append(options, verify.WithSignedTimestamps(1))
	}
	options = append(options, verify.WithObserverTimestamps(1))
	if public || len(trusted.RekorLogs()) > 0 {
		options = append(options, verify.WithTransparencyLog(1))
	}
	if public || len(trusted.CTLogs()) > 0 {
		options = append(options, verify.WithSignedCertificateTimestamps(1))
	}
	return options
}

// read takes out of a verified result what requirements are held against.
func read(result *verify.VerificationResult) (statement, error) {
	if result.Signature == nil || result.Signature.Certificate == nil || len(result.VerifiedTimestamps) == 0 {
		return statement{}, errors.New("nothing says who signed it, and when")
	}
	s := statement{predicate: Signature, signer: *result.Signature.Certificate, signed: result.VerifiedTimestamps[0].Timestamp}
	if result.Statement != nil {
		s.predicate = result.Statement.PredicateType
	}
	return s, nil
}
