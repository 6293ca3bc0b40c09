package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/seed-96940006/tagboat/internal/pattern"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// withoutAPI are the answers of registries that have no referrers API: 404 is the
// specification's, and GHCR's; others do not know the address, or what it is for.
var withoutAPI = []int{
	http.StatusNotFound, http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusNotImplemented,
}

// googleHost are registries that lead who asks for referrers to the page where
// people log in to Google (google/go-containerregistry#1968, oras-project/oras-go#633).
// Such a page of any other registry comes from something before it, and tells
// nothing of what is attached.
var googleHost = pattern.New(`(^|\.)(gcr\.io|pkg\.dev)$|^registry\.k8s\.io$`)

// noAPI is an answer of a registry without the API.
type noAPI struct{ status string }

func (n *noAPI) Error() string { return "it is refused with " + n.status }

// byAPI asks the registry what is attached, page by page; ok is false where it has
// no such API, as the first page tells. A list is whole, or it is an error.
func (f *finder) byAPI(ctx context.Context, digest ref.Digest) (all []Referrer, ok bool, err error) {
	repo := f.session.repo
	next := &url.URL{Scheme: repo.Scheme(), Host: repo.RegistryStr(), Path: "/v2/" + repo.RepositoryStr() + "/referrers/" + string(digest)}
	list := gathering{known: map[ref.Digest]bool{}}
	for asked := map[string]bool{}; next != nil; {
		at := next
		if asked[at.String()] {
			return nil, true, f.broken(digest, defectf("the pages lead back to %s", at))
		}
		asked[at.String()] = true
		page, header, err := f.ask(ctx, digest, at)
		none, refused := errors.AsType[*noAPI](err)
		switch {
		case refused && len(asked) == 1:
			return nil, false, nil
		case refused:
			return nil, true, f.broken(digest, fmt.Errorf("page %d: %w", len(asked), none))
		case err != nil:
			return nil, true, err
		}
		if next, err = follow(at, header); err == nil {
			err = list.take(page, next != nil)
		}
		if err != nil {
			return nil, true, f.broken(digest, err)
		}
	}
	return list.all, true, nil
}

// gathering is a list that is read page by page.
type gathering struct {
	all    []Referrer
	known  map[ref.Digest]bool
	barren int // pages in a row that brought nothing
}

// take adds a page; further tells whether it leads on.
func (g *gathering) take(page []Referrer, further bool) error {
	before := len(g.known)
	for _, r := range page {
		g.known[r.Digest] = true
	}
	g.all = append(g.all, page...)
	if g.barren++; len(g.known) > before {
		g.barren = 0
	}
	switch {
	case len(g.all) > maxAttached:
		return defectf("it has more than %d entries", maxAttached)
	case further && g.barren == maxBarren:
		return defectf("%d pages in a row bring nothing, and the last leads on", g.barren)
	}
	return nil
}

// ask reads one page. Whatever comes with status 200 has to be a list, whichever
// kind it is called.
func (f *finder) ask(ctx context.Context, digest ref.Digest, at *url.URL) (page []Referrer, header http.Header, err error) {
	s := f.session
	ctx = context.WithValue(ctx, readBy{}, s)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, nil, err
	}
	request.Header.Set("Accept", string(types.OCIImageIndex))
	response, err := (&http.Client{Transport: s.transport}).Do(request)
	if _, html := errors.AsType[*htmlPage](err); html && googleHost.MatchString(s.image.Domain()) {
		return nil, nil, &noAPI{"a page to log in at"}
	}
	if err != nil {
		return nil, nil, s.explain(ctx, err)
	}
	defer response.Body.Close()
	if err := transport.CheckError(response, append(withoutAPI, http.StatusOK)...); err != nil {
		return nil, nil, f.refused(ctx, digest, err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, nil, &noAPI{fmt.Sprintf("%d %s", response.StatusCode, http.StatusText(response.StatusCode))}
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, maxPage+1))
	if err == nil && len(data) > maxPage {
		err = defectf("it has more than %d bytes", maxPage)
	}
	if err != nil {
		return nil, nil, f.broken(digest, err)
	}
	index, err := readIndex(data)
	if err == nil {
		page, err = index.referrers()
	}
	if err != nil {
		return nil, nil, f.broken(digest, fmt.Errorf("what came as %q: %w", response.Header.Get("Content-Type"), err))
	}
	return page, response.Header, nil
}

func (f *finder) refused(ctx context.Context, digest ref.Digest, err error) error {
	if status := answered(err); status == http.StatusUnauthorized || status == http.StatusForbidden {
		hint := "let this login read what is attached to images: a copy without its signatures is none"
		if kindOf(f.session.image.Domain()) == ecr {
			hint = "allow ecr:BatchGetImage and ecr:ListImageReferrers on the repository"
		}
		return f.session.fault("E_PULL_DENIED", hint, fmt.Errorf("what is attached to %s: %w", digest, err))
	}
	return f.session.explain(ctx, err)
}

func (f *finder) broken(digest ref.Digest, err error) error {
	return f.session.fault("E_REGISTRY", "run again; if it stays so, see what the registry, or a proxy before it, answers at this address",
		fmt.Errorf("list of what is attached to %s: %w", digest, err))
}
