package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// maxPage bounds the bytes of one page. Some registries give all tags in one.
const maxPage = 64 << 20

// page is one answer of tags/list.
type page struct {
	tags []string
	next *url.URL // nil where no Link leads on
}

// defect is what is wrong with a list that a registry gave.
type defect struct {
	err error
	cut bool // another try may bring the whole page
}

func (d *defect) Error() string { return d.err.Error() }
func (d *defect) Unwrap() error { return d.err }

func defectf(format string, args ...any) error { return &defect{err: fmt.Errorf(format, args...)} }

// read asks for a page, and again where it did not come whole. What is refused,
// or does not come at all, the session's transport has tried again already.
func (l *listing) read(ctx context.Context, at *url.URL) (page, error) {
	for left := l.session.tries.backoff; ; {
		p, err := l.ask(ctx, at)
		d, broken := errors.AsType[*defect](err)
		if left.Steps <= 1 || !broken || !d.cut || ctx.Err() != nil {
			return p, err
		}
		l.session.tries.tell(err)
		if err := pause(ctx, left.Step()); err != nil {
			return page{}, err
		}
	}
}

func (l *listing) ask(ctx context.Context, at *url.URL) (page, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return page{}, err
	}
	request.Header.Set("Accept", "application/json")
	client := &http.Client{Transport: l.session.transport}
	response, err := client.Do(request)
	if err != nil {
		return page{}, err
	}
	defer response.Body.Close()
	if err := transport.CheckError(response, http.StatusOK); err != nil {
		return page{}, err
	}
	tags, err := readTags(response.Body)
	if err != nil {
		return page{}, err
	}
	next, err := follow(at, response.Header)
	return page{tags, next}, err
}

// readTags reads {"tags": [...]} to its end. null is an empty list, but no list
// is an answer of something else.
func readTags(body io.Reader) ([]string, error) {
	data, err := io.ReadAll(io.LimitReader(body, maxPage+1))
	if err != nil {
		return nil, &defect{fmt.Errorf("it breaks off after %d bytes: %w", len(data), err), true}
	}
	if len(data) > maxPage {
		return nil, defectf("it has more than %d bytes", maxPage)
	}
	var answer struct{ Tags json.RawMessage }
	if err := json.Unmarshal(data, &answer); err != nil {
		return nil, &defect{fmt.Errorf("%d bytes that are no list: %w", len(data), err), true}
	}
	if answer.Tags == nil {
		return nil, defectf("%d bytes without `tags`", len(data))
	}
	var tags []string
	if err := json.Unmarshal(answer.Tags, &tags); err != nil {
		return nil, defectf("`tags` is no list of names: %w", err)
	}
	return tags, nil
}

// follow is the address of the page after the one at an address. A registry
// behind a proxy may not know how it is reached, so that the scheme stays what it
// is; another host is not asked, since it may not be one of the registry's.
func follow(at *url.URL, header http.Header) (*url.URL, error) {
	link, found, err := nextLink(header.Values("Link"))
	if err != nil || !found {
		return nil, err
	}
	next, err := at.Parse(link)
	if err != nil {
		return nil, defectf("its Link is no address: %w", err)
	}
	if !strings.EqualFold(next.Hostname(), at.Hostname()) || port(next) != port(at) {
		return nil, defectf("its Link leads to another host, %q", next.Host)
	}
	return &url.URL{Scheme: at.Scheme, Host: at.Host, Path: next.Path, RawPath: next.RawPath, RawQuery: next.RawQuery}, nil
}

// port is the port of an address, but for those that go without saying.
func port(at *url.URL) string {
	if p := at.Port(); p != "80" && p != "443" {
		return p
	}
	return ""
}
