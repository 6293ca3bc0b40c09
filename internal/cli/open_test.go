package cli

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/oauth2"

	"github.com/seed-96940006/tagboat/internal/infra"
	"github.com/seed-96940006/tagboat/internal/plan"
)

// What could not be opened is not there to be closed: a nil pointer in an
// interface would be.
func TestAnInfraRepositoryThatCannotBeOpenedIsNone(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "no", "such")
	repo, err := quietApp().openInfra(t.Context(), plan.Bump{Repository: t.TempDir(), Mode: plan.ModeCommit}, access{scratch: nowhere})
	if err == nil || repo != nil {
		t.Errorf("got %v, %v", repo, err)
	}
}

// lent are tokens, of which each is given as often as it stands there.
type lent struct{ tokens []string }

func (l *lent) Token() (*oauth2.Token, error) {
	now := l.tokens[0]
	l.tokens = l.tokens[1:]
	return &oauth2.Token{AccessToken: now}, nil
}

// watched notes what becomes of an infra repository.
type watched struct {
	infra.Repo
	token string
	notes *[]string
}

func (w watched) Close() error {
	*w.notes = append(*w.notes, "close "+w.token)
	return nil
}

func TestARepositoryIsOpenedAgainWithANewToken(t *testing.T) {
	var notes []string
	o := &opened{who: identity{
		tokens: &lent{[]string{"a", "a", "b"}},
		leave:  func() { notes = append(notes, "leave") },
	}}
	o.open = func(token string) (closable, error) {
		notes = append(notes, "open "+token)
		return watched{token: token, notes: &notes}, nil
	}
	for range 3 {
		if err := o.renew(); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if want := []string{"open a", "close a", "open b", "close b", "leave"}; !slices.Equal(notes, want) {
		t.Errorf("got %q, want %q", notes, want)
	}
}

// What has ended ends no second time, also where it cannot be opened again.
func TestARepositoryThatCannotBeOpenedAgainIsClosedOnce(t *testing.T) {
	var notes []string
	refused := errors.New("refused")
	o := &opened{who: identity{tokens: &lent{[]string{"a", "b"}}}}
	o.open = func(token string) (closable, error) {
		if token == "b" {
			return nil, refused
		}
		return watched{token: token, notes: &notes}, nil
	}
	if err := o.renew(); err != nil {
		t.Fatal(err)
	}
	if err := o.renew(); !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
	if err := o.Close(); err != nil || !slices.Equal(notes, []string{"close a"}) {
		t.Errorf("got %q, %v", notes, err)
	}
}
