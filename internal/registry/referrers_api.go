package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/seed-96940006/tagboat/internal/ref"
)

// withoutAPI are the answers of registries that have no referrers API: 404 is the
// specification's, and GHCR's; others do not know the address, or what it is for.
var withoutAPI = []int{
	http.StatusNotFound, http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusNotImplemented,
}

// byAPI asks the registry what is attached, page by page; ok is false where it has
// no such API.
func (f *finder) byAPI(ctx context.Context, digest ref.Digest) (all []Referrer, ok bool, err error) {
	repo := f.session.repo
	next := &url.URL{Scheme: repo.Scheme(), Host: repo.RegistryStr(), Path: "/v2/" + repo.RepositoryStr() + "/referrers/" + string(digest)}
	for asked := map[string]bool{}; next != nil; {
		at := next
		if asked[at.String()] {
			return nil, true, f.broken(digest, defectf("the pages lead back to %s", at))
		}
		asked[at.String()] = true
		page, header, ok, err := f.ask(ctx, digest, at)
		if !ok || err != nil {
			return nil, ok || len(all) > 0, err
		}
		all = append(all, page...)
		if next, err = follow(at, header); err != nil {
			return nil, true, f.broken(digest, err)
		}
	}
	return all, true, nil
}

// ask reads one page.
func (f *finder) ask(ctx context.Context, digest ref.Digest, at *url.URL) (page []Referrer, header http.Header, ok bool, err error) {
	s := f.session
	ctx = context.WithValue(ctx, readBy{}, s)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, nil, false, err
	}
	request.Header.Set("Accept", string(types.OCIImageIndex))
	response, err := (&http.Client{Transport: s.transport}).Do(request)
	if _, ok := errors.AsType[*htmlPage](err); ok { // a web server's, at addresses that the registry does not take
		return nil, nil, false, nil
	}
	if err != nil {
		return nil, nil, false, s.explain(ctx, err)
	}
	defer response.Body.Close()
	if err := transport.CheckError(response, append(withoutAPI, http.StatusOK)...); err != nil {
		return nil, nil, false, f.refused(ctx, digest, err)
	}
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if response.StatusCode != http.StatusOK || kind != string(types.OCIImageIndex) {
		return nil, nil, false, nil
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, maxPage+1))
	if err != nil || len(data) > maxPage {
		return nil, nil, true, f.broken(digest, defectf("it breaks off, or does not end, after %d bytes: %w", len(data), err))
	}
	index, err := readIndex(data)
	if err == nil {
		page, err = index.referrers()
	}
	if err != nil {
		return nil, nil, true, f.broken(digest, err)
	}
	return page, response.Header, true, nil
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
