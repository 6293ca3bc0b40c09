package attest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/klauspost/compress/snappy"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// largest is how large a bundle may be, packed or not. GitHub takes predicates of
// up to 16 MB.
const largest = 32 << 20

// download reads a bundle from where GitHub stores it: a block of snappy. The
// address is signed and stands for itself, so that no credentials go there, and
// that its query is told to nobody.
func download(ctx context.Context, reads *http.Client, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return nil, undelivered("the address of a bundle is no https URL", nil)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, undelivered("the address of a bundle cannot be asked", nil)
	}
	res, err := reads.Do(req)
	if err != nil {
		if around, ok := errors.AsType[*url.Error](err); ok {
			err = around.Err
		}
		return nil, undelivered("a bundle at "+u.Host, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, undelivered("a bundle at "+u.Host, errors.New(res.Status))
	}
	packed, err := io.ReadAll(io.LimitReader(res.Body, largest+1))
	if err != nil {
		return nil, undelivered("a bundle at "+u.Host, err)
	}
	data, err := unpack(packed)
	if err != nil {
		return nil, undelivered("a bundle at "+u.Host, err)
	}
	return data, nil
}

func unpack(packed []byte) ([]byte, error) {
	if len(packed) > largest {
		return nil, fmt.Errorf("it has more than %d bytes", largest)
	}
	size, err := snappy.DecodedLen(packed)
	switch {
	case err != nil:
		return nil, fmt.Errorf("it is not packed with snappy: %w", err)
	case size > largest:
		return nil, fmt.Errorf("it has more than %d bytes", largest)
	}
	data, err := snappy.Decode(nil, packed)
	if err != nil {
		return nil, fmt.Errorf("it is not packed with snappy: %w", err)
	}
	return data, nil
}

func undelivered(what string, err error) error {
	e := errors.New(what)
	if err != nil {
		e = fmt.Errorf("%s: %w", what, err)
	}
	return fault.New("E_GITHUB_UNREACHABLE", "GitHub keeps the bundles of attestations on another host: let the runner reach it, then run again", e)
}
