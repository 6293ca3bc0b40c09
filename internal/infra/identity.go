package infra

import (
	"fmt"
	"strings"
	"time"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// Identity is who a commit is by. The zero value is Tagboat itself.
type Identity struct {
	Name  string // default tagboat
	Email string // default tagboat@users.noreply.github.com
}

func (id Identity) orDefault() Identity {
	if id.Name == "" {
		id.Name = "tagboat"
	}
	if id.Email == "" {
		id.Email = "tagboat@users.noreply.github.com"
	}
	return id
}

// check refuses what would end the line of the commit that holds it.
func (id Identity) check() error {
	if strings.ContainsAny(id.Name+id.Email, "<>\n\r\x00") || strings.TrimSpace(id.Name) == "" {
		return fault.Newf("E_COMMIT_IDENTITY", "give a plain name and a plain address", "%q, %q cannot be the author of a commit", id.Name, id.Email)
	}
	return nil
}

func (id Identity) String() string { return fmt.Sprintf("%s <%s>", id.Name, id.Email) }

// at is the identity as a commit's header holds it.
func (id Identity) at(t time.Time) string { return fmt.Sprintf("%s %d +0000", id, t.Unix()) }
