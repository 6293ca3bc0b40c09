package login

import (
	"net/http"
	"sync/atomic"
)

// door is how a registry is reached while a login is tried.
type door struct {
	base   http.RoundTripper
	locked atomic.Bool // somebody was not let in without a login
}

// RoundTrip sends the request.
func (d *door) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := d.base.RoundTrip(request)
	if err == nil && response.StatusCode == http.StatusUnauthorized {
		d.locked.Store(true)
	}
	return response, err
}
