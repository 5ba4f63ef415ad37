"""Writes golden/data: small files in every variant that the readers of narrows know, written by NumPy, pandas, polars, PyArrow and Pillow,
and expected.json, which says what these libraries read from them.

    python golden/data.py            # in place
    python golden/data.py /tmp/new   # elsewhere, to compare
"""

import gzip
import json
import struct
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image, ImageOps

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent / "data")
WHITE = (255, 255, 255)


def plain(values):
    """Numbers for JSON: NaN and infinity as text, everything else as float64 or int."""
    return [str(v) if isinstance(v, float) and not np.isfinite(v) else v for v in np.asarray(values).ravel().tolist()]


def ramp(dtype, shape):
    """Values that differ, negative ones and large ones among them."""
    count = int(np.prod(shape))
    if dtype == bool:
        return (np.arange(count) % 3 == 0).reshape(shape)
    if np.issubdtype(dtype, np.integer):
        info = np.iinfo(dtype)
        values = np.arange(count, dtype=np.int64) * 7 - (count if info.min < 0 else 0)
        values = values.astype(dtype)
        values[-1], values[0] = info.max, info.min
        return values.reshape(shape)
    values = (np.arange(count) * 0.37 - 1.5).astype(dtype)
    if count > 4:
        values[1], values[2], values[3] = np.nan, np.inf, -np.inf
    return values.reshape(shape)


# IDX ------------------------------------------------------------------------------------------------------------------------------

IDX_TYPES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx_bytes(array):
    header = struct.pack(">BBBB", 0, 0, IDX_TYPES[array.dtype.str[1:]], array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


def write_idx():
    arrays = []
    for kind in IDX_TYPES:
        for shape in [(7,), (3, 4), (2, 3, 4), (2, 3, 2, 3)]:
            array = ramp(np.dtype(kind).type, shape)
            for compressed in [False, True] if shape == (2, 3, 4) else [False]:
                name = f"idx/{kind}-{len(shape)}d" + (".gz" if compressed else "")
                data = idx_bytes(array)
                (FOLDER / name).write_bytes(gzip.compress(data, mtime=0) if compressed else data)
                arrays.append({"file": name, "shape": shape, "values": plain(array.astype(float))})
    rng = np.random.default_rng(1)
    for name, prefix, test in [("mnist", "", "t10k"), ("emnist", "emnist-letters-", "test")]:
        for role, part, count in [("train", "train", 5), ("test", test, 3)]:
            images = rng.integers(0, 256, (count, 4, 4), dtype=np.uint8)
            labels = rng.integers(0, 10, count, dtype=np.uint8)
            stored = images.transpose(0, 2, 1) if name == "emnist" else images
            folder = FOLDER / "idx" / name
            folder.mkdir(exist_ok=True)
            (folder / f"{prefix}{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx_bytes(stored), mtime=0))
            (folder / f"{prefix}{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(labels), mtime=0))
            arrays.append({"file": f"idx/{name}", "role": role, "shape": images.shape, "values": plain(images), "labels": plain(labels)})
    return arrays


# NumPy ----------------------------------------------------------------------------------------------------------------------------

NPY_TYPES = ["?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"]


def rounded(array):
    """How many integers float32 does not hold exactly."""
    if not np.issubdtype(array.dtype, np.integer):
        return 0
    return sum(int(np.float32(v)) != int(v) for v in array.ravel().tolist())


def write_npy():
    arrays, refused = [], []
    for kind in NPY_TYPES:
        for order in "<>":
            if np.dtype(kind).itemsize == 1 and order == ">":
                continue
            dtype = np.dtype(kind).newbyteorder(order)
            array = ramp(np.dtype(kind).type, (3, 4)).astype(dtype)
            for layout in "CF":
                name = f"npy/{'b1' if kind == '?' else kind}-{'big' if order == '>' else 'little'}-{layout}.npy"
                np.save(FOLDER / name, np.asarray(array, order=layout))
                values = array.astype(np.float64) if kind != "?" else array.astype(int)
                arrays.append({"file": name, "shape": array.shape, "values": plain(values), "rounded": rounded(array)})
    for name, array in {
        "1d": ramp(np.int64, (6,)),
        "3d-F": np.asfortranarray(ramp(np.uint8, (2, 3, 4))),
        "4d-F": np.asfortranarray(ramp(np.float32, (2, 3, 4, 3))),
        "4d-C": ramp(np.uint8, (2, 3, 4, 3)),
    }.items():
        np.save(FOLDER / f"npy/{name}.npy", array)
        arrays.append({"file": f"npy/{name}.npy", "shape": array.shape, "values": plain(array.astype(float)), "rounded": rounded(array)})
    for version in [(1, 0), (2, 0), (3, 0)]:
        name = f"npy/version-{version[0]}.npy"
        with open(FOLDER / name, "wb") as file:
            np.lib.format.write_array(file, ramp(np.float32, (2, 2)), version=version)
        arrays.append({"file": name, "shape": (2, 2), "values": plain(ramp(np.float32, (2, 2)).astype(float))})
    texts = np.array(["cat", "dög", "", "日本語"])
    np.save(FOLDER / "npy/text.npy", texts)
    np.save(FOLDER / "npy/text-big.npy", texts.astype(texts.dtype.newbyteorder(">")))
    np.save(FOLDER / "npy/text-bytes.npy", np.array([b"cat", b"horse"]))
    arrays += [{"file": f, "shape": [len(v)], "text": v} for f, v in [
        ("npy/text.npy", texts.tolist()), ("npy/text-big.npy", texts.tolist()), ("npy/text-bytes.npy", ["cat", "horse"])]]

    for name, array, why in [
        ("objects", np.array([{"a": 1}, None], dtype=object), "Objects"),
        ("structured", np.zeros(2, dtype=[("a", "f4"), ("b", "i4")]), "Structured"),
        ("complex", np.zeros(2, dtype=complex), "Type"),
        ("datetime", np.array(["2024-01-01"], dtype="datetime64[D]"), "Type"),
        ("scalar", np.float32(3), "Dimensions"),
        ("none", np.zeros((0, 3), dtype=np.float32), "NoValues"),
        ("5d", np.zeros((1, 1, 1, 1, 1), dtype=np.float32), "Dimensions"),
        ("beyond-f32", np.array([1.0, 1e300]), "BeyondSingle"),
    ]:
        np.save(FOLDER / f"npy/refused-{name}.npy", array, allow_pickle=True)
        refused.append({"file": f"npy/refused-{name}.npy", "problem": why})
    return arrays, refused


def write_npz():
    images, labels = ramp(np.uint8, (5, 2, 3)), np.array([0, 1, 2, 1, 0])
    tests, test_labels = ramp(np.uint8, (2, 2, 3)), np.array([2, 0])
    archives = []

    def archive(name, save, choice, **arrays):
        save(FOLDER / f"npz/{name}.npz", **arrays)
        archives.append({
            "file": f"npz/{name}.npz",
            "choice": choice,
            "arrays": {key: {"shape": value.shape, "values": plain(value.astype(float))} for key, value in arrays.items()},
        })

    archive("keras", np.savez_compressed, ["x_train", "y_train", "x_test", "y_test"],
            x_train=images, y_train=labels, x_test=tests, y_test=test_labels)
    archive("plain", np.savez, ["X", "y", None, None], X=images, y=labels)
    archive("images", np.savez, ["images", "labels", None, None], labels=labels, images=images)
    archive("medmnist", np.savez_compressed, ["train_images", "train_labels", "test_images", "test_labels"],
            train_images=images, train_labels=labels, val_images=tests, val_labels=test_labels, test_images=tests, test_labels=test_labels)
    archive("one", np.savez, ["whatever", None, None, None], whatever=images)
    archive("unclear", np.savez, None, first=images, second=tests)
    np.savez(FOLDER / "npz/positional.npz", images, labels)
    archives.append({"file": "npz/positional.npz", "choice": ["arr_0", "arr_1", None, None], "arrays": {}})
    return archives


# Tables ---------------------------------------------------------------------------------------------------------------------------


def frame():
    return pd.DataFrame({
        "age": [31.5, np.nan, 47.0, 0.1, -3e-7],
        "count": [1, 2, 3, 16777217, -5],
        "species": ["cat", "dog, big", 'the "fox"', None, "line\nbreak"],
        "alive": [True, False, True, True, False],
        "seen": ["2024-03-01", "2023-12-31", "2024-02-29", "1999-01-01", "2000-06-15"],
        "größe": [1e30, 2.5, 3.5, 4.5, 5.5],
    })


def columns(table):
    """What pandas has in each column, the way narrows tells it."""
    result = []
    for name in table.columns:
        values = table[name]
        if pd.api.types.is_datetime64_any_dtype(values):
            seconds = [(v - pd.Timestamp(0, tz=v.tz)).total_seconds() for v in values]
            result.append({"name": name, "seconds": seconds})
        elif pd.api.types.is_bool_dtype(values) or pd.api.types.is_numeric_dtype(values):
            result.append({"name": name, "numbers": plain(values.astype(float).to_numpy())})
        else:
            result.append({"name": name, "text": [None if pd.isna(v) else str(v) for v in values]})
            if name == "seen":
                result[-1]["seconds"] = [pd.Timestamp(v).timestamp() for v in values]
    return result


def write_csv():
    tables = []

    def table(name, text, delimiter, header, decimal_comma=False, encoding="utf-8", **read):
        path = FOLDER / "csv" / name
        data = text.encode(encoding)
        path.write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
        read = {"sep": delimiter, "header": 0 if header else None, "decimal": "," if decimal_comma else ".", "na_values": ["?"],
                "skipinitialspace": True, **read}
        seen = pd.read_csv(path, **read)
        seen.columns = [f"column {i + 1}" if not header or str(c).startswith("Unnamed") else str(c) for i, c in enumerate(seen.columns)]
        tables.append({"file": f"csv/{name}", "delimiter": delimiter, "header": header, "decimal_comma": decimal_comma, "columns": columns(seen)})

    data = frame()
    numbers = pd.DataFrame(ramp(np.float64, (6, 4)) * 1.25)
    table("pandas.csv", data.to_csv(index=False), ",", True)
    table("pandas.csv.gz", data.to_csv(index=False), ",", True)
    table("pandas-index.csv", data.to_csv(), ",", True)
    table("pandas-semicolon-comma.csv", data.to_csv(index=False, sep=";", decimal=","), ";", True, True)
    table("pandas.tsv", data.to_csv(index=False, sep="\t"), "\t", True)
    table("pandas-bar.csv", data.to_csv(index=False, sep="|"), "|", True)
    table("pandas-all-quoted.csv", data.to_csv(index=False, quoting=1), ",", True)
    table("pandas-crlf-bom.csv", data.to_csv(index=False, lineterminator="\r\n"), ",", True, encoding="utf-8-sig")
    table("pandas-na.csv", data.to_csv(index=False, na_rep="NaN"), ",", True)
    table("numbers-no-header.csv", numbers.to_csv(index=False, header=False), ",", False)
    table("numbers.csv", numbers.to_csv(index=False, header=["a", "b", "c", "d"]), ",", True)
    table("one-column.csv", "value\n1\n2.5\n-3\n", ",", True)
    table("uci.csv", "5.1,3.5,?,Iris-setosa\n4.9,3.0,1.4,Iris-setosa\n6.3,?,6.0,Iris-virginica\n", ",", False)
    table("spaces.csv", "a, b, c\n1, 2.5, NA\n 3, 4, 5\n", ",", True)
    table("duplicates.csv", "a,a,b,a\n1,2,3,4\n5,6,7,8\n", ",", True)
    table("mnist-like.csv", "label,0,1,2\n5,0,128,255\n3,7,0,1\n", ",", True)
    table("missing-names.csv", "x,y\n" + "".join(f"{m},1\n" for m in [
        "#N/A", "#NA", "-1.#IND", "<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null", "-nan", "?", "2"]), ",", True)
    table("polars.csv", pl.from_pandas(data).write_csv(), ",", True)
    table("no-final-newline.csv", "a,b\n1,2\n3,4", ",", True)
    table("blank-lines.csv", "a,b\n\n1,2\n\n3,4\n\n", ",", True)
    return tables


def write_parquet():
    tables, refused = [], []
    data = frame()
    data["seen"] = pd.to_datetime(data["seen"])
    data["kind"] = pd.Categorical(["x", "y", None, "x", "y"])
    data["small"] = np.array([1, 2, 3, 4, 5], dtype=np.int8)
    data["half"] = np.array([0.5, 1.5, np.nan, -2, 0], dtype=np.float16)
    data["none"] = [None, 1, None, 3, None]
    data["zoned"] = pd.to_datetime(["2024-03-01 17:30:05.25"] * 5).tz_localize("Europe/Berlin").tz_convert("UTC")
    table = pa.Table.from_pandas(data, preserve_index=False)
    table = table.append_column("nullable", pa.array([1, None, 3, None, 16777217], type=pa.int64()))
    table = table.append_column("decimal", pa.array([None if v is None else v for v in [1, 2, None, 4, 5]], type=pa.int32()).cast(pa.decimal128(12, 2)))
    table = table.append_column("large", pa.array(["a", "b", None, "a", "ü"], type=pa.large_string()))
    expected = columns(table.to_pandas().assign(decimal=[1.0, 2.0, np.nan, 4.0, 5.0]))

    for compression in ["none", "snappy", "gzip", "zstd", "lz4"]:
        name = f"parquet/{compression}.parquet"
        pq.write_table(table, FOLDER / name, compression=compression, row_group_size=2)
        tables.append({"file": name, "columns": expected})
    pq.write_table(table, FOLDER / "parquet/version-1.parquet", version="1.0", data_page_version="2.0", use_dictionary=False)
    tables.append({"file": "parquet/version-1.parquet", "columns": expected})
    pl.from_pandas(frame()).write_parquet(FOLDER / "parquet/polars.parquet")
    tables.append({"file": "parquet/polars.parquet", "columns": columns(frame())})

    pq.write_table(pa.table({"list": [[1, 2], [3]]}), FOLDER / "parquet/refused-nested.parquet")
    pq.write_table(pa.table({"x": pa.array([], type=pa.float32())}), FOLDER / "parquet/refused-empty.parquet")
    pq.write_table(pa.table({"x": [1.0, 1e300]}), FOLDER / "parquet/refused-beyond.parquet")
    pq.write_table(pa.table({"x": [1.0, 2.0] * 200}), FOLDER / "parquet/refused-brotli.parquet", compression="brotli")
    refused += [{"file": f"parquet/refused-{n}.parquet", "problem": p} for n, p in [
        ("nested", "Type"), ("empty", "NoRows"), ("beyond", "BeyondSingle"), ("brotli", "brotli")]]
    return tables, refused


# Images ---------------------------------------------------------------------------------------------------------------------------


def picture(mode, size=(12, 10), seed=3):
    """Smooth colours with some noise: neither one colour nor nothing but noise."""
    width, height = size
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    noise = np.random.default_rng(seed).normal(0, 6, (height, width, 4))
    bands = np.stack([255 * x, 255 * y, 255 * (1 - x) * y + 40, 255 * np.clip(1.4 - x - y / 2, 0, 1)], axis=-1) + noise
    rgba = Image.fromarray(np.clip(bands, 0, 255).astype(np.uint8), "RGBA")
    if mode == "LA":
        return Image.merge("LA", [rgba.convert("RGB").convert("L"), rgba.getchannel("A")])
    return rgba if mode == "RGBA" else rgba.convert("RGB").convert(mode)


def on_white(image):
    """Turned, laid on white, 8 bits a channel: RGB."""
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16") or image.mode == "I":
        grey = np.floor(np.asarray(image).astype(float) * 255 / 65535 + 0.5).astype(np.uint8)
        return Image.fromarray(grey).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGB", image.size, WHITE)
        white.paste(image, mask=image.getchannel("A"))
        return white
    return image.convert("RGB")


def write_images():
    files = []

    def image(name, picture, tolerance=0, **options):
        path = FOLDER / "images" / name
        picture.save(path, **options)
        seen = on_white(Image.open(path))
        colour, grey = np.asarray(seen), np.asarray(seen.convert("L"))
        is_grey = bool((colour == colour[..., :1]).all())
        files.append({"file": f"images/{name}", "shape": colour.shape[:2], "grey_file": is_grey, "tolerance": tolerance,
                      "colour": plain(colour), "grey": plain(grey)})

    for mode in ["L", "RGB", "RGBA", "LA", "P", "1"]:
        image(f"png-{mode}.png", picture(mode))
    image("png-16.png", Image.fromarray((np.arange(120, dtype=np.uint16) * 546).reshape(10, 12)))
    transparent = picture("P")
    image("png-P-transparent.png", transparent, transparency=transparent.getpixel((3, 3)))
    for mode in ["L", "RGB"]:
        image(f"bmp-{mode}.bmp", picture(mode))
        image(f"gif-{mode}.gif", picture(mode))
        # Decoders of JPEG may differ in rounding and in how they enlarge the colour planes.
        image(f"jpeg-{mode}.jpg", picture(mode), tolerance=2, quality=90, subsampling=0)
        for compression in ["raw", "tiff_lzw", "tiff_adobe_deflate"]:
            image(f"tiff-{mode}-{compression}.tif", picture(mode), compression=compression)
    image("gif-animated.gif", picture("P"), save_all=True, append_images=[picture("P", seed=4)], duration=100)
    image("jpeg-subsampled.jpg", picture("RGB", (32, 24)), tolerance=8, quality=90, subsampling=2)
    image("jpeg-progressive.jpg", picture("RGB"), tolerance=2, quality=90, subsampling=0, progressive=True)
    image("jpeg-cmyk.jpg", picture("CMYK"), tolerance=4, quality=95)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        image(f"jpeg-orientation-{orientation}.jpg", picture("RGB"), tolerance=2, quality=90, subsampling=0, exif=exif)
    for mode in ["RGB", "RGBA"]:
        image(f"webp-lossless-{mode}.webp", picture(mode), lossless=True, exact=True)
    image("webp-lossy.webp", picture("RGB"), tolerance=3, quality=90)

    resized = []
    for name, mode in [("grey", "L"), ("colour", "RGB")]:
        original = picture(mode, (67, 41), seed=5)
        original.save(FOLDER / f"images/resize-{name}.png")
        for height, width in [(28, 28), (7, 9), (50, 71), (41, 20)]:
            values = np.asarray(original.resize((width, height), Image.Resampling.BILINEAR))
            resized.append({"file": f"images/resize-{name}.png", "size": [height, width], "values": plain(values)})
    return files, resized


def main():
    for name in ["idx", "npy", "npz", "csv", "parquet", "images"]:
        (FOLDER / name).mkdir(parents=True, exist_ok=True)
    npy, refused = write_npy()
    parquet, refused_parquet = write_parquet()
    images, resized = write_images()
    expected = {
        "written_by": {m.__name__: m.__version__ for m in [np, pd, pl, pa]} | {"PIL": Image.__version__},
        "idx": write_idx(), "npy": npy, "npz": write_npz(), "csv": write_csv(), "parquet": parquet,
        "images": images, "resized": resized, "refused": refused + refused_parquet,
    }
    (FOLDER / "expected.json").write_text(json.dumps(expected, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
