package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// ErrHidden is within the fault where a registry says "denied" of a repository
// and may mean that there is none: GHCR and Docker Hub keep secret what a login
// may not see. The caller decides; a push tells the two apart.
var ErrHidden = errors.New("there may be no such repository yet")

// pageSize is how many tags are asked for at once: ECR refuses to give more.
const pageSize = 1000

// maxBarren bounds how many pages in a row may bring no tag and still lead on.
const maxBarren = 100

// Tags lists every tag of a repository, sorted as text, so that v0.0.10 comes
// before v0.0.9. A repository that does not exist has none; names that are no
// tags are left out.
//
// The list is whole, or there is an error: E_REGISTRY_LIST for pages that are
// broken, repeat or lead in circles, E_PULL_DENIED, with ErrHidden within it
// where the repository may not exist, and those of a session. Tags that are made
// or deleted meanwhile may be in it or not.
//
// Pages are read here and not by go-containerregistry: it takes any answer
// without tags for the end, any Link for the next page, and follows circles.
func (c *Client) Tags(ctx context.Context, repository ref.Repository) ([]ref.Tag, error) {
	s, err := c.reading(ctx, repository)
	if err != nil {
		return nil, err
	}
	return c.list(ctx, s)
}

func (c *Client) list(ctx context.Context, s *session) ([]ref.Tag, error) {
	l := &listing{session: s, client: c, last: c.now(), names: map[string]struct{}{}, asked: map[string]struct{}{}}
	if err := l.readAll(ctx); err != nil {
		return nil, l.explain(ctx, err)
	}
	tags := make([]ref.Tag, 0, len(l.names))
	for name := range l.names {
		if tag, err := ref.ParseTag(name); err == nil {
			tags = append(tags, tag)
		}
	}
	slices.Sort(tags)
	return tags, nil
}

// listing is one reading of a repository's tags.
type listing struct {
	session *session
	client  *Client
	names   map[string]struct{} // as the registry gave them
	asked   map[string]struct{} // addresses of pages
	page    int
	barren  int       // pages in a row that brought nothing
	last    time.Time // of the last line of progress
}

func (l *listing) readAll(ctx context.Context) error {
	for at, guess := l.first(), false; at != nil; {
		address := at.String()
		l.page++
		if _, again := l.asked[address]; again {
			return defectf("it leads back to %s", address)
		}
		l.asked[address] = struct{}{}
		p, err := l.read(ctx, at)
		if err != nil {
			if l.page == 1 && unknown(err) {
				return nil
			}
			return err
		}
		if at, guess, err = l.take(p, guess); err != nil {
			return err
		}
		l.progress()
	}
	return nil
}

// take adds a page, and gives the address of the next one; none is the end. A
// guess is an address that no Link gave: it may bring nothing new.
func (l *listing) take(p page, guess bool) (next *url.URL, guessed bool, err error) {
	before := len(l.names)
	for _, name := range p.tags {
		l.names[name] = struct{}{}
	}
	fresh := len(l.names) > before
	if l.barren++; fresh {
		l.barren = 0
	}
	switch {
	case !fresh && guess:
		return nil, false, nil
	case !fresh && len(p.tags) > 0:
		return nil, false, defectf("it repeats %d tags of earlier pages", len(p.tags))
	case l.barren == maxBarren:
		return nil, false, defectf("%d pages in a row have no tag, and the last leads on", l.barren)
	case p.next == nil && len(p.tags) == pageSize:
		// The specification lets a registry leave out the Link of a full page.
		return l.after(p.tags[pageSize-1]), true, nil
	}
	return p.next, false, nil
}

func (l *listing) first() *url.URL {
	repo := l.session.repo
	return &url.URL{
		Scheme: repo.Scheme(), Host: repo.RegistryStr(),
		Path: "/v2/" + repo.RepositoryStr() + "/tags/list", RawQuery: "n=" + strconv.Itoa(pageSize),
	}
}

func (l *listing) after(tag string) *url.URL {
	at := l.first()
	at.RawQuery += "&last=" + url.QueryEscape(tag)
	return at
}

func (l *listing) progress() {
	if now := l.client.now(); now.Sub(l.last) >= between {
		l.last = now
		l.client.printLine(fmt.Sprintf("%s: %d tags read", l.session.image, len(l.names)))
	}
}

// unknown reports whether a registry says that the repository does not exist:
// in the words of the specification, or of Harbor. A 404 in no such words may
// come from something that knows no lists.
func unknown(err error) bool {
	answer, ok := errors.AsType[*transport.Error](err)
	return ok && answer.StatusCode == http.StatusNotFound &&
		(says(answer, transport.NameUnknownErrorCode) || says(answer, "NOT_FOUND"))
}

// explain tells which page failed, and what that means for the list.
func (l *listing) explain(ctx context.Context, err error) error {
	s := l.session
	err = fmt.Errorf("list of tags, page %d, after %d tags: %w", l.page, len(l.names), err)
	_, broken := errors.AsType[*defect](err)
	missing := answered(err) == http.StatusNotFound && !atLogin(err)
	if ctx.Err() == nil && (broken || missing) {
		return s.fault("E_REGISTRY_LIST", "run again: no version comes from half a list; if it stays so, see what the registry, or a proxy before it, answers at this address", err)
	}
	explained := s.explain(ctx, err)
	if !fault.Is(explained, "E_PULL_DENIED") && !l.hubDenies(explained) {
		return explained
	}
	if hint := knownDenial(err.Error()); hint != "" {
		if kindOf(s.image.Domain()) == ecr && hint == ecrHint {
			hint = "allow ecr:ListImages on the repository"
		}
		return s.fault("E_PULL_DENIED", hint, err)
	}
	hint := "let this login read the repository's tags: the highest version is among them"
	if l.page == 1 {
		hint += "; of a repository that does not exist yet, some registries say the same"
		err = fmt.Errorf("%w (%w)", err, ErrHidden)
	}
	return s.fault("E_PULL_DENIED", hint, err)
}

// hubDenies reports whether Docker Hub refused a login that its token service
// had taken: that is what it says of what is private, or missing.
func (l *listing) hubDenies(err error) bool {
	return fault.Is(err, "E_REGISTRY_AUTH") && kindOf(l.session.image.Domain()) == dockerHub &&
		!l.session.anonymous && answered(err) == http.StatusUnauthorized && !atLogin(err)
}
