"""What is refused about a file before anybody asks what it is for."""

from app.core.errors import Refusal


class PictureTooLarge(Refusal):
    """More bytes than a phone's photo has, or more pixels than we are willing to unfold."""

    code = "picture_too_large"
    status = 413
    message = "图片太大，最多 {megabytes_max} MB、{pixels_max} 万像素，请缩小后再上传。"


class PictureUnreadable(Refusal):
    """It is no JPEG, PNG or WebP, whatever it is called, or it is damaged."""

    code = "picture_unreadable"
    status = 422
    message = "没有认出这张图片，请上传完好的 JPEG、PNG 或 WebP 图片。"
