# akin in an image of some 30 MB: one static binary, no shell, no root.
#
#   docker build -t akin .
#   docker run --rm -v akin:/data akin keys create --scope admin      # without a key akin does not listen where others reach it
#   docker run -p 7411:7411 -p 7412:7412 -v akin:/data akin           # gRPC and HTTP
#
# Every flag is a variable AKIN_…; --print-config shows what is set.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /akin ./cmd/akin && mkdir /data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /akin /akin
COPY --from=build --chown=nonroot:nonroot /data /data
USER nonroot:nonroot
ENV AKIN_DATA=/data/store AKIN_KEYS=/data/keys.json AKIN_CACHE=/data/cache AKIN_LOG_FORMAT=json
VOLUME /data
EXPOSE 7411 7412
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["/akin", "health"]
ENTRYPOINT ["/akin"]
CMD ["serve", "--listen", "0.0.0.0:7411", "--http", "0.0.0.0:7412"]
