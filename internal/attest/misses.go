package attest

import (
	"fmt"
	"strings"
	"time"

	"github.com/sigstore/sigstore-go/pkg/fulcio/certificate"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// statement is what a verified bundle says, and who says it.
type statement struct {
	predicate string // its type
	signer    certificate.Summary
	signed    time.Time
}

// misses says all that a verified statement is not, and "" where it meets the
// requirement.
func (r Requirement) misses(s statement) string {
	var not []string
	differs := func(what, got, want string) {
		if got == "" {
			got = "none"
		}
		not = append(not, fmt.Sprintf("%s is %s, not %s", what, fault.Plain(got, 200), want))
	}
	if r.Predicate != Any && s.predicate != r.Predicate {
		differs("its type", s.predicate, r.Predicate)
	}
	if s.signer.Issuer != r.Issuer {
		differs("the issuer of the signer", s.signer.Issuer, r.Issuer)
		if strings.HasPrefix(s.signer.Issuer, r.Issuer+"/") {
			not = append(not, "if that is your enterprise's own, write issuer="+fault.Plain(s.signer.Issuer, 200))
		}
	}
	// GitHub's names are one name in any case.
	if want := r.server + "/" + r.Repository; r.Repository != "" && !strings.EqualFold(s.signer.SourceRepositoryURI, want) {
		differs("the repository", s.signer.SourceRepositoryURI, want)
	}
	if r.Ref != "" && s.signer.SourceRepositoryRef != r.Ref {
		differs("the ref", s.signer.SourceRepositoryRef, r.Ref)
	}
	if want, ok := r.signedBy(s.signer.SubjectAlternativeName); !ok {
		differs("the signer", s.signer.SubjectAlternativeName, want)
	}
	return strings.Join(not, "; ")
}

// signedBy reports whether a name is that of the signer who is asked for, and who
// that is. Where no signer is named it is any workflow of the repository itself: a
// workflow of another one may have been called with anything.
func (r Requirement) signedBy(name string) (want string, ok bool) {
	switch {
	case r.Like != nil:
		return "like " + r.Like.String(), r.Like.MatchString(name)
	case r.Identity != "":
		return r.Identity, name == r.Identity
	case r.Workflow != "":
		file, at, _ := strings.Cut(name, "@")
		want = r.server + "/" + r.Workflow
		return want + strings.TrimSuffix("@"+r.WorkflowRef, "@"), sameWorkflow(file, want) && (r.WorkflowRef == "" || at == r.WorkflowRef)
	}
	want = r.server + "/" + r.Repository + "/"
	return "a workflow of " + r.Repository, len(name) > len(want) && strings.EqualFold(name[:len(want)], want)
}

// sameWorkflow compares two files: the repository's name in any case, the path in
// this one only.
func sameWorkflow(a, b string) bool {
	const folder = "/.github/workflows/"
	repositoryA, fileA, okA := strings.Cut(a, folder)
	repositoryB, fileB, okB := strings.Cut(b, folder)
	return okA && okB && fileA == fileB && strings.EqualFold(repositoryA, repositoryB)
}
